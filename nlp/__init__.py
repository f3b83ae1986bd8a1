"""Understanding text: pure steps from posts to annotations and themes. Values in, values out."""
