from simplero import settings as now

globals().update({name: value for name, value in vars(now).items() if name.isupper()})
MIGRATION_MODULES = {"web": "tests.next_version.migrations"}  # a room that has no tables of its own
