"""Addresses inside the shop that a page belongs to: {% shop_url "product" product.slug %}."""

from typing import Any

from django import template

from contacts.views import customers

register = template.Library()


@register.simple_tag(takes_context=True)
def shop_url(context: template.Context, name: str, *args: Any) -> str:
    return customers.shop_url(context["request"], name, *args)
