import json

import pytest
from numpy.testing import assert_array_equal

from boostimb.table import TableEncoder


def encode_in_every_way(X, categorical_features="auto"):
    """Fit and transform in both ways, and through JSON; they agree."""
    encoder, table = TableEncoder.fit_transform(X, categorical_features)
    assert TableEncoder.fit(X, categorical_features) == encoder
    again = TableEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert again == encoder
    assert_array_equal(again.transform(X).values, table.values)
    assert table.values.flags.forc
    assert (table.names, table.categories) == (encoder.names, encoder.categories)
    return table


@pytest.fixture(scope="session")
def encode():
    return encode_in_every_way
