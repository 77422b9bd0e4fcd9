"""A run in the forms that other tools read: Croissant for its tables, MLflow for its models."""
