"""The augmenters as native objects of other libraries, each in a module of its own."""
