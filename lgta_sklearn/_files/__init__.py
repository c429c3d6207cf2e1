"""Files of fitted estimators: bytes, codec, registry, and the mixin that uses them."""
