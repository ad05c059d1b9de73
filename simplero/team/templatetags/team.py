from django import template

from simplero.lib.browsers import browser

register = template.Library()
register.filter("browser", browser)
