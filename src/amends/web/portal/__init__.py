"""The buyers' pages: where is my order, when will it come. They know no other order and nothing internal."""
