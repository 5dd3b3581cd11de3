"""Families whose layers are not attention and an MLP: mixers of other kinds, one branch, three
branches, a stream that is multiplied; and families that normalise after they add."""

from __future__ import annotations

import transformers as tf

from tests.families.experts import MIXED
from tests.families.family import GROUPED, N_LAYERS, ROPE, VOCAB, WIDE, Family
from tests.families.gpt import POST_NORM
from tests.families.llama import POST_NORMED, SITES

NO_HEADS = "this layer's mixer computes no softmax attention, so its columns are not heads"
NOT_SEEN = ("no softmax attention was seen in this layer: it calls none of transformers' attention "
            "functions, and multiplies no queries and keys into a softmax that it multiplies "
            "with values")
NO_MLP, NO_ATTENTION = "this layer has no MLP", "this layer has no attention"
ONE = "this layer has one branch, {}: there is no stream between two"
NOT_ALONE = ((), ("the stream behind attention is not the layer's input and what attention adds "
                  "alone"))
TWICE = ((), ("this layer has 2 attention modules, each of which adds to the stream by itself"))
KEPT_ONLY = ("the last norm is part of the output head, which is run for the positions alone whose "
             "logits are asked for")
MAMBA = {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_d_state": 8, "mamba_chunk_size": 8}
BERT = {"layer": "bert.encoder.layer.{}", "z": "attention.output.dense",
        "mlp_act": "output.dense"}


HYBRIDS: dict[str, Family] = {
    # layers 0 and 2 mix positions by a state space, layer 1 by attention
    "bamba": Family(
        lambda: tf.BambaConfig(**GROUPED, **MAMBA, attn_layer_indices=[1]),
        {**SITES, "attn_out": ("mamba", "self_attn", "mamba"), "mlp_out": "feed_forward",
         "mlp_act": "feed_forward.down_proj", "final_norm": "model.final_layernorm"},
        {**dict.fromkeys(("q", "k", "v", "pattern"), ((1,), NOT_SEEN)), "z": ((1,), NO_HEADS)}),
    # each layer is one branch: attention, MLP, state space
    "nemotron_h": Family(
        lambda: tf.NemotronHConfig(
            **{**WIDE, "num_hidden_layers": None}, layers_block_type=["attention", "mlp", "mamba"],
            mamba_num_heads=8, mamba_head_dim=8, ssm_state_size=8, n_groups=1, chunk_size=8),
        {"layer": "model.layers.{}", "attn_out": "mixer", "mlp_out": "mixer",
         "z": "mixer.o_proj", "mlp_act": "mixer.down_proj", "final_norm": "model.norm_f"},
        {**dict.fromkeys(("q", "k", "v", "pattern"), ((0,), NOT_SEEN)),
         "z": ((0,), f"{NO_ATTENTION}; {NO_HEADS}"), "attn_out": ((0, 2), NO_ATTENTION),
         "resid_mid": ((), f"{ONE.format('MLP')}; {ONE.format('attention')}"),
         "mlp_act": ((1,), NO_MLP), "mlp_out": ((1,), NO_MLP)}, heads=(16, 2)),
    # attention and a state space side by side, then an MLP
    "falcon_h1": Family(
        lambda: tf.FalconH1Config(**GROUPED, mamba_d_ssm=32, mamba_n_heads=4, mamba_d_state=8,
                                  mamba_chunk_size=8),
        {**SITES, "mlp_out": "feed_forward", "mlp_act": "feed_forward.down_proj",
         "final_norm": "model.final_layernorm"}, {"resid_mid": NOT_ALONE}),
    # a third branch adds what each layer knows of the token
    "gemma4_text": Family(
        lambda: tf.Gemma4TextConfig(
            **WIDE, global_head_dim=16, sliding_window=4, vocab_size_per_layer_input=VOCAB,
            hidden_size_per_layer_input=8), POST_NORMED, {}, heads=(16, 2)),
    # the stream is multiplied, channel by channel, before a branch is added
    # its mask is made of all heads' values
    "doge": Family(lambda: tf.DogeConfig(**{**ROPE, "num_key_value_heads": 4}), SITES, {
        "resid_mid": NOT_ALONE,
        "v": ((), "zeroing one of its heads changes what other heads of attention give")},
        heads=(8, 4)),
    # two attentions and two MLPs in each layer, and experts beside them
    "longcat_flash": Family(
        lambda: tf.LongcatFlashConfig(
            **{**ROPE, "num_key_value_heads": 4, "num_hidden_layers": 2 * N_LAYERS},
            ffn_hidden_size=48,
            q_lora_rank=16, kv_lora_rank=16, qk_nope_head_dim=8, qk_rope_head_dim=4, head_dim=4,
            v_head_dim=8, qk_head_dim=12, moe_topk=2, n_routed_experts=4, zero_expert_num=2,
            expert_ffn_hidden_size=24), SITES,
        {**dict.fromkeys(("q", "k", "v", "pattern"), ((), (
            "the layer computes attention 2 times, in LongcatFlashMLA, and what it adds to the "
            "stream is no one of them"))),
         **dict.fromkeys(("z", "attn_out", "resid_mid", "mlp_out"), TWICE),
         "mlp_act": ((), MIXED)}, heads=(None, None), d_mlp=None),
    # norms behind the additions
    "bert": Family(lambda: tf.BertConfig(**ROPE, is_decoder=True), BERT,
                   {**dict.fromkeys(("attn_out", "resid_mid", "mlp_out"), POST_NORM),
                    "final_norm": ((), KEPT_ONLY)}, heads=(8, 4)),
}
