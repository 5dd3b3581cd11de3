"""Families with mixtures of experts, whose neurons are no single tensor."""

from __future__ import annotations

import transformers as tf

from tests.families.family import GROUPED, N_LAYERS, ROPE, SHORT, WIDE, Family
from tests.families.llama import SITES

MIXED = ("the neurons of a mixture of experts are spread over its experts, of which a router picks "
         "some per token; they have no common tensor")
NO_NEURONS = {"mlp_act": ((), MIXED)}
NO_KEYS = ((), "no module that runs once in the layer gives the keys that attention reads")
NO_QUERIES = ((), "no module that runs once in the layer gives the queries that attention reads")
LATENT_KEYS = ((), "the keys that attention reads are put together from what kv_b_proj and "
                   "kv_a_proj_with_mqa give, a part of which all heads share")
FEW = {"num_experts_per_tok": 2}
SPARSE = {**GROUPED, **FEW, "num_experts": 4, "moe_intermediate_size": 24}

EXPERTS: dict[str, Family] = {
    "mixtral": Family(lambda: tf.MixtralConfig(**GROUPED, **FEW, num_local_experts=4), SITES,
                      NO_NEURONS, d_mlp=None),
    "qwen2_moe": Family(
        lambda: tf.Qwen2MoeConfig(**SPARSE, shared_expert_intermediate_size=24), SITES,
        NO_NEURONS, d_mlp=None),
    "qwen3_moe": Family(lambda: tf.Qwen3MoeConfig(**SPARSE, head_dim=16), SITES, NO_NEURONS,
                        heads=(16, 2), d_mlp=None),
    "gpt_oss": Family(
        lambda: tf.GptOssConfig(**WIDE, **FEW, num_local_experts=4, sliding_window=4), SITES,
        NO_NEURONS, heads=(16, 2), d_mlp=None, attention=("eager",)),
    # latent attention; the last layer alone has experts
    "deepseek_v3": Family(
        lambda: tf.DeepseekV3Config(
            **{**ROPE, "num_key_value_heads": 4}, **FEW, n_routed_experts=4, n_group=2,
            topk_group=1, moe_intermediate_size=24, first_k_dense_replace=2, q_lora_rank=16,
            kv_lora_rank=16, qk_nope_head_dim=8, qk_rope_head_dim=4, v_head_dim=8),
        SITES, {"k": LATENT_KEYS, "mlp_act": ((0, 1), MIXED)}, heads=(8, 4)),
    # norms before and after; the attention's result is gated, and viewed as it lies in memory
    "afmoe": Family(
        lambda: tf.AfmoeConfig(**{**WIDE, **FEW}, num_experts=4, num_shared_experts=1,
                               moe_intermediate_size=24, num_dense_layers=2, sliding_window=4),
        {**SITES, "attn_out": "post_attention_layernorm", "mlp_out": "post_mlp_layernorm"},
        {"mlp_act": ((0, 1), MIXED)}, heads=(16, 2)),
    # one module for both norms and the attention, which returns the stream
    "dbrx": Family(
        lambda: tf.DbrxConfig(
            **SHORT, d_model=32, n_heads=4, n_layers=N_LAYERS, max_seq_len=64,
            attn_config={"kv_n_heads": 2, "clip_qkv": 8.0, "rope_theta": 1e4},
            ffn_config={"hidden_size": 32, "ffn_hidden_size": 48, "moe_num_experts": 4,
                        "moe_top_k": 2}),
        {"layer": "transformer.blocks.{}", "attn_out": "norm_attn_norm.attn",
         "z": "norm_attn_norm.attn.out_proj", "mlp_out": "ffn",
         "final_norm": "transformer.norm_f"},
        NO_NEURONS, heads=(8, 2), d_mlp=None),
    # chunked attention; the experts' output has all positions in one dimension
    "llama4_text": Family(
        lambda: tf.Llama4TextConfig(
            **WIDE, num_local_experts=4, num_experts_per_tok=1, intermediate_size_mlp=48,
            moe_layers=[1, 2], attention_chunk_size=4,
            layer_types=["chunked_attention", "full_attention", "chunked_attention"]), {
            **SITES, "mlp_out": "feed_forward", "mlp_act": "feed_forward.down_proj"},
        {"q": NO_QUERIES, "k": NO_KEYS, "mlp_act": ((0,), MIXED)}, heads=(16, 2)),
}
