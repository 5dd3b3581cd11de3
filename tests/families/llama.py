"""Families laid out as Llama is: norm, attention, add, norm, gated MLP, add; with variations."""

from __future__ import annotations

import transformers as tf

from tests.families.family import GROUPED, PARALLEL, ROPE, WIDE, Family

SITES = {"layer": "model.layers.{}", "attn_out": "self_attn", "mlp_out": "mlp",
         "z": "self_attn.o_proj", "mlp_act": "mlp.down_proj", "final_norm": "model.norm"}
POST_NORMED = {**SITES, "attn_out": "post_attention_layernorm",
               "mlp_out": "post_feedforward_layernorm"}
INNER = {**POST_NORMED, "layer": "model.language_model.layers.{}",
         "final_norm": "model.language_model.norm"}

VISION = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
          "num_attention_heads": 2, "image_size": 28, "patch_size": 14}

LLAMA: dict[str, Family] = {
    "llama": Family(lambda: tf.LlamaConfig(**GROUPED), SITES),
    "mistral": Family(lambda: tf.MistralConfig(**GROUPED, sliding_window=4), SITES),
    "qwen2": Family(lambda: tf.Qwen2Config(**GROUPED), SITES),
    "qwen3": Family(lambda: tf.Qwen3Config(**WIDE), SITES, heads=(16, 2)),
    "gemma": Family(lambda: tf.GemmaConfig(**WIDE), SITES, heads=(16, 2)),
    "gemma2": Family(lambda: tf.Gemma2Config(**WIDE, sliding_window=4), POST_NORMED,
                     heads=(16, 2), attention=("eager",)),
    "gemma3_text": Family(lambda: tf.Gemma3TextConfig(**WIDE, sliding_window=4), POST_NORMED,
                          heads=(16, 2)),
    "gemma3": Family(
        lambda: tf.Gemma3Config(text_config={**WIDE, "sliding_window": 4}, mm_tokens_per_image=4,
                                vision_config=VISION), INNER, heads=(16, 2)),
    # norms after attention and MLP, none before
    "olmo2": Family(lambda: tf.Olmo2Config(**GROUPED), POST_NORMED),
    "exaone4": Family(lambda: tf.Exaone4Config(**GROUPED, sliding_window=4,
                                               sliding_window_pattern=2), POST_NORMED),
    # norms before and after
    "glm4": Family(
        lambda: tf.Glm4Config(**GROUPED, head_dim=8),
        {**SITES, "attn_out": "post_self_attn_layernorm", "mlp_out": "post_mlp_layernorm"}),
    "glm": Family(lambda: tf.GlmConfig(**GROUPED, head_dim=8), SITES),
    "phi3": Family(lambda: tf.Phi3Config(**GROUPED), SITES),  # one map for q, k, v
    "smollm3": Family(lambda: tf.SmolLM3Config(**GROUPED, no_rope_layers=[1, 0, 1]), SITES),
    "olmo": Family(lambda: tf.OlmoConfig(**GROUPED), SITES),
    "helium": Family(lambda: tf.HeliumConfig(**GROUPED, head_dim=8), SITES),
    "ernie4_5": Family(lambda: tf.Ernie4_5Config(**GROUPED, head_dim=8), SITES),
    "hunyuan": Family(lambda: tf.HunYuanDenseV1Config(**GROUPED, head_dim=8), SITES),
    "apertus": Family(lambda: tf.ApertusConfig(**GROUPED), SITES),
    "nemotron": Family(lambda: tf.NemotronConfig(**GROUPED), SITES),
    "starcoder2": Family(lambda: tf.Starcoder2Config(**GROUPED),
                         {**SITES, "mlp_act": "mlp.c_proj"}),
    "granite": Family(
        lambda: tf.GraniteConfig(**GROUPED, residual_multiplier=0.5, attention_multiplier=0.5,
                                 embedding_multiplier=2.0, logits_scaling=2.0), SITES, scale=0.5),
    # attention and MLP side by side
    "cohere": Family(lambda: tf.CohereConfig(**GROUPED, logit_scale=0.5), SITES, PARALLEL),
    "cohere2": Family(lambda: tf.Cohere2Config(**GROUPED, logit_scale=0.5, sliding_window=4),
                      SITES, PARALLEL),
    "stablelm": Family(lambda: tf.StableLmConfig(**GROUPED, qk_layernorm=True), SITES),
    "stablelm_parallel": Family(
        lambda: tf.StableLmConfig(**GROUPED, use_parallel_residual=True), SITES, PARALLEL),
    "phi": Family(lambda: tf.PhiConfig(**GROUPED), {
        **SITES, "z": "self_attn.dense", "mlp_act": "mlp.fc2",
        "final_norm": "model.final_layernorm"}, PARALLEL),
    "persimmon": Family(lambda: tf.PersimmonConfig(**ROPE), {
        **SITES, "z": "self_attn.dense", "mlp_act": "mlp.dense_4h_to_h",
        "final_norm": "model.final_layernorm"}, heads=(8, 4)),
}
