"""The table inside boostimb, and the way to it from a user's pandas, polars, Arrow or NumPy table."""

from boostimb.table._encoder import TableEncoder
from boostimb.table._levels import Category
from boostimb.table._table import CategoricalFeatures, Categories, Table

__all__ = ["CategoricalFeatures", "Categories", "Category", "Table", "TableEncoder"]
