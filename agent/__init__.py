"""The assistant: a state machine that plans with a multimodal LLM and runs tools under policies."""
