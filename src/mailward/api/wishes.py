"""What the API is given: the forms of bodies. Fields that nobody knows are refused, so that a slip is told."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

LONGEST_TEXT = 512 * 1024


class Wish(BaseModel):
    """A body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Name = Annotated[str, StringConstraints(min_length=1, max_length=253)]
Address = Annotated[str, StringConstraints(min_length=3, max_length=320)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=256), Field(json_schema_extra={"format": "password"})]
Pem = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT)]
Lineage = Annotated[str, StringConstraints(min_length=1, max_length=253)]
