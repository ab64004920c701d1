"""The recycle bin: where a file lay and when it went."""

import pytest

from tests.parse.traces.making import recycled
from tests.parse.traces.reading import read

PLACE = "C/$Recycle.Bin/S-1-5-21-1-2-3-500/$IAB12CD.aspx"
PAGE = r"C:\inetpub\wwwroot\aspnet_client\supp0rt.aspx"


@pytest.mark.parametrize("version", [1, 2])
def test_both_forms_tell_the_file(version: int):
    (row,), _ = read(recycled(PAGE, "2021-03-05 06:00:00", version=version), PLACE)
    assert (row["Path"], row["Deleted"], row["Size"]) == (PAGE, "2021-03-05 06:00:00.000Z", "12")
    assert (row["User"], row["Place"], row["Shipped"]) == ("S-1-5-21-1-2-3-500", "drop", "no")


def test_a_record_cut_short_is_counted():
    assert read(recycled(PAGE, "2021-03-05 06:00:00")[:20], PLACE)[1].tally.reasons == {"cut": 1}
