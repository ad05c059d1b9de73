"""HTTP for every room: access decorators, answers to htmx, paging, template tags, health checks. Owns no rule and no table."""
