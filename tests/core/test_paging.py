"""Page tokens: bound to their list, opaque, and a walk that meets every row once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core import paging
from server.core.errors import InvalidArgument
from userdata.workspaces.v1.member_service_pb2 import ListMembersRequest
from userdata.workspaces.v1.workspace_service_pb2 import ListWorkspacesRequest


def walk(rows, size):
    """Every page of `rows`, as a List method reads them."""
    token = ""
    while True:
        page = paging.page_of(ListWorkspacesRequest(page_size=size, page_token=token))
        after = page.after[0] if page.after else -1
        found, token = page.cut([row for row in rows if row > after][: page.limit], lambda row: [row])
        yield found
        if not token:
            return


@given(st.integers(0, 60), st.integers(1, 20))
def test_a_walk_meets_every_row_once(count, size):
    pages = list(walk(range(count), size))
    assert [row for page in pages for row in page] == list(range(count))
    assert all(len(page) == size for page in pages[:-1])


@pytest.mark.parametrize(("asked", "given"), [(0, 50), (1, 1), (1000, 1000), (5000, 1000)])
def test_the_size_has_a_default_and_a_maximum(asked, given):
    assert paging.page_of(ListWorkspacesRequest(page_size=asked)).size == given


def test_a_negative_size_is_refused():
    with pytest.raises(InvalidArgument) as error:
        paging.page_of(ListWorkspacesRequest(page_size=-1))
    assert [v.field for v in error.value.violations] == ["page_size"]


def test_the_size_may_change_between_pages():
    token = paging.page_of(ListWorkspacesRequest(page_size=2)).token(["x"])
    assert paging.page_of(ListWorkspacesRequest(page_size=9, page_token=token)).after == ["x"]


@pytest.mark.parametrize(
    ("request_", "scope"),
    [
        (ListWorkspacesRequest(order_by="create_time"), "usr_1"),
        (ListWorkspacesRequest(show_deleted=True), "usr_1"),
        (ListWorkspacesRequest(), "usr_2"),
        (ListMembersRequest(), "usr_1"),
    ],
    ids=["order", "deleted", "caller", "method"],
)
def test_a_token_of_another_list_is_refused(request_, scope):
    request_.page_token = paging.page_of(ListWorkspacesRequest(), scope="usr_1").token(["x"])
    with pytest.raises(InvalidArgument) as error:
        paging.page_of(request_, scope=scope)
    assert error.value.reason == "PAGE_TOKEN_INVALID"


@given(st.text(min_size=1, max_size=100))
def test_no_other_text_is_a_page_token(text):
    with pytest.raises(InvalidArgument) as error:
        paging.page_of(ListWorkspacesRequest(page_token=text))
    assert error.value.reason == "PAGE_TOKEN_INVALID"
