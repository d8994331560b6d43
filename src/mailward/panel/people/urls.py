"""Addresses of this subject."""

from django.urls import path

from mailward.panel.people import activity, groups, invite, listing, person, tokens

urlpatterns = [
    path("people/", listing.people, name="people"),
    path("people/invite/", invite.invite_person, name="person-invite"),
    path("people/<int:number>/", person.person, name="person"),
    path("groups/", groups.groups, name="groups"),
    path("groups/<int:number>/", groups.group, name="group"),
    path("activity/", activity.activity, name="activity"),
    path("activity.jsonl", activity.export_lines, name="activity-export"),
    path("tokens/", tokens.tokens, name="tokens"),
]
