"""The type checker that conftest puts behind jaxtyping: beartype, which lets a whole number stand for a float."""

from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
