"""One function a change, whoever asks for it."""
