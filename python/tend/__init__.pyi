"""__init__.pyi: the types of the package's functions."""
import datetime
from typing import Any, Mapping, Optional, Protocol, Sequence, Union

from ._results import Check as Check
from ._results import Profile as Profile
from ._results import Value as Value
from ._results import read_profile as read_profile
from ._tend import DataTypeError as DataTypeError
from ._tend import Error as Error

__all__ = ["Check", "DataTypeError", "Error", "Profile", "Value", "check", "profile", "read_profile", "value"]
__version__: str

class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...

class _ArrowArray(Protocol):
    def __arrow_c_array__(self, requested_schema: Any = None) -> Any: ...

class _Lazy(Protocol):
    def collect(self) -> Any: ...

# Tables of pandas, Polars and PyArrow and relations of DuckDB are streams; Polars' lazy frames have collect().
_Table = Union[_ArrowStream, _ArrowArray, _Lazy, Mapping[str, Any]]

def profile(
    data: _Table,
    *,
    columns: Optional[Sequence[str]] = None,
    like: Optional[Profile] = None,
    bins: int = 0,
    categories: int = 0,
) -> Profile: ...
def check(
    reference: Union[_Table, Profile],
    current: Union[_Table, Profile],
    *,
    columns: Optional[Sequence[str]] = None,
    fdr: float = 0.05,
    tolerance: Optional[float] = None,
    min_rows: int = 0,
    bins: int = 0,
    time: Optional[str] = None,
    id: Optional[str] = None,
    label: Optional[str] = None,
    score: Optional[str] = None,
    window: Union[str, datetime.timedelta, None] = None,
    now: Optional[datetime.date] = None,
    names: tuple[str, str] = ("reference", "current"),
) -> Check: ...
def value(data: _Table, expr: str, *, columns: Optional[Sequence[str]] = None, **names: str) -> Value: ...
