"""What is wrong with annotated data, before it costs a training run: findings with file, line and what to do."""
