"""Pages of a storefront about what is sold; `simplero.storefront` includes them at the shop's root, in its namespace."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
