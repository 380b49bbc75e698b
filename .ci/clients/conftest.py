import pytest

pytest.register_assert_rewrite("scenario", "sdk")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
