"""The older families: GPT-2 and what was built like it, each in its own way."""

from __future__ import annotations

import transformers as tf

from tests.families.family import (
    N_LAYERS,
    PARALLEL,
    ROPE,
    SHORT,
    VOCAB,
    Family,
)

GPT2 = {"layer": "transformer.h.{}", "attn_out": "attn", "mlp_out": "mlp",
        "z": "attn.c_proj", "mlp_act": "mlp.c_proj", "final_norm": "transformer.ln_f"}
GPTJ = {**GPT2, "z": "attn.out_proj", "mlp_act": "mlp.fc_out"}
NEOX = {"layer": "gpt_neox.layers.{}", "attn_out": "attention", "mlp_out": "mlp",
        "z": "attention.dense", "mlp_act": "mlp.dense_4h_to_h",
        "final_norm": "gpt_neox.final_layer_norm"}
FALCON = {**GPT2, "attn_out": "self_attention", "z": "self_attention.dense",
          "mlp_act": "mlp.dense_4h_to_h"}
OPT = {"layer": "model.decoder.layers.{}", "attn_out": "self_attn", "mlp_out": "fc2",
       "z": "self_attn.out_proj", "mlp_act": "fc2",
       "final_norm": "model.decoder.final_layer_norm"}

SMALL = {**SHORT, "n_layer": N_LAYERS, "n_embd": 32, "n_head": 4, "n_positions": 64}
FALCON_SIZE = {**SHORT, "hidden_size": 32, "num_hidden_layers": N_LAYERS,
               "num_attention_heads": 4, "ffn_hidden_size": 48}
OPT_SIZE = {"hidden_size": 32, "ffn_dim": 48, "num_hidden_layers": N_LAYERS,
            "num_attention_heads": 4, "vocab_size": VOCAB, "max_position_embeddings": 64,
            "word_embed_proj_dim": 32, "init_std": 0.25, "bos_token_id": 1, "eos_token_id": 2,
            "pad_token_id": 0}
DRIFTING = {"pattern": ((), "eager attention, which gives probabilities, computes something else")}
POST_NORM = ((), ("this layer normalises after it adds (post-norm): what a branch gives is not "
                  "what the stream changes by"))

GPT: dict[str, Family] = {
    "gpt2": Family(lambda: tf.GPT2Config(**SMALL), GPT2, heads=(8, 4), d_mlp=128),
    "gpt_bigcode": Family(lambda: tf.GPTBigCodeConfig(**SMALL), GPT2, heads=(8, 1), d_mlp=128),
    "gptj": Family(lambda: tf.GPTJConfig(**SMALL, rotary_dim=4), GPTJ,
                   PARALLEL, heads=(8, 4), d_mlp=128, attention=("eager",)),
    "codegen": Family(lambda: tf.CodeGenConfig(**SMALL, n_ctx=64, rotary_dim=4), GPTJ,
                      PARALLEL, heads=(8, 4), d_mlp=128, attention=("eager",)),
    "gpt_neo": Family(
        lambda: tf.GPTNeoConfig(**SHORT, num_layers=N_LAYERS, hidden_size=32, num_heads=4,
                                attention_types=[[["global", "local", "global"], 1]],
                                window_size=3, max_position_embeddings=64),
        {**GPT2, "z": "attn.attention.out_proj"}, heads=(8, 4), d_mlp=128, attention=("eager",)),
    "gpt_neox": Family(lambda: tf.GPTNeoXConfig(**ROPE), NEOX, PARALLEL, heads=(8, 4)),
    "gpt_neox_sequential": Family(
        lambda: tf.GPTNeoXConfig(**ROPE, use_parallel_residual=False), NEOX, heads=(8, 4)),
    "falcon": Family(lambda: tf.FalconConfig(**FALCON_SIZE), FALCON, PARALLEL,
                     heads=(8, 1)),
    "falcon_grouped": Family(
        lambda: tf.FalconConfig(**FALCON_SIZE, new_decoder_architecture=True, num_kv_heads=2),
        FALCON, PARALLEL, heads=(8, 2)),
    "falcon_alibi": Family(
        lambda: tf.FalconConfig(**FALCON_SIZE, parallel_attn=False, alibi=True, multi_query=False,
                                bias=True), FALCON, DRIFTING, heads=(8, 4)),
    # attention and MLP are given the residual stream and add it themselves
    "bloom": Family(
        lambda: tf.BloomConfig(**SHORT, n_layer=N_LAYERS, hidden_size=32, n_head=4),
        {**FALCON, "attn_out": "self_attention.dense", "mlp_out": "mlp.dense_4h_to_h"},
        heads=(8, 4), d_mlp=128, attention=("eager",)),
    "mpt": Family(
        lambda: tf.MptConfig(d_model=32, n_heads=4, n_layers=N_LAYERS, max_seq_len=64,
                             vocab_size=VOCAB, initializer_range=0.25),
        {"layer": "transformer.blocks.{}", "attn_out": "attn", "mlp_out": "ffn.down_proj",
         "z": "attn.out_proj", "mlp_act": "ffn.down_proj", "final_norm": "transformer.norm_f"},
        heads=(8, 4), d_mlp=128, attention=("eager",)),
    # no MLP module: its two maps belong to the layer, on positions in one dimension
    "opt": Family(lambda: tf.OPTConfig(**OPT_SIZE), OPT, heads=(8, 4)),
    # the norms come after the addition
    "opt_post_norm": Family(
        lambda: tf.OPTConfig(**OPT_SIZE, do_layer_norm_before=False), OPT, heads=(8, 4),
        refused={**dict.fromkeys(("attn_out", "resid_mid", "mlp_out"), POST_NORM), "final_norm": (
            (), "each layer normalises what leaves it, and there is no norm between the last one "
                "and the output embedding")}),
}
