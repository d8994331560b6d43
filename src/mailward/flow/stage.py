"""Stage: write a whole generation beside the current one. Nobody reads it yet."""

from mailward.flow import manifest
from mailward.flow.ground import Ground
from mailward.model.generations import Plan, Staged


def stage(plan: Plan, ground: Ground) -> Staged:
    """Write every file, then the manifest. Whatever goes wrong (a full disk), the remains are taken away again."""
    _sweep(ground)
    directory = ground.layout.generations / str(plan.number)
    try:
        for path, file in sorted(plan.generation.files.items()):
            made = directory
            for part in path.parent.parts:
                made = made / part
                ground.files.make_directory(made)
            ground.files.write(
                directory / path, file.content, mode=file.mode, owner=file.owner, group=file.group, settled=True
            )
        manifest.write(plan.generation, directory, ground.files)
    except Exception:
        ground.files.remove_tree(directory)
        raise
    return Staged(plan)


def _sweep(ground: Ground) -> None:
    """Take away what killed runs left: a generation without its manifest was never complete, and nobody reads it."""
    current = (ground.files.target(ground.layout.current) or "").rpartition("/")[2]
    for name in ground.files.names(ground.layout.generations):
        if name != current and not ground.files.exists(ground.layout.generations / name / manifest.NAME):
            ground.files.remove_tree(ground.layout.generations / name)
