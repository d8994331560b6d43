"""Addresses of this subject."""

from django.urls import path

from mailward.panel.signin import account, confirm, enrolment, invitation, sign_in

urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-in/", sign_in.sign_in, name="account_login"),  # allauth's name for it
    path("sign-in/second/", sign_in.second, name="mfa_authenticate"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("confirm/", confirm.confirm, name="confirm"),
    path("enrol/", enrolment.enrol, name="enrol"),
    path("account/", account.account, name="account"),
    path("account/password/", account.password, name="account-password"),
    path("account/language/", account.language, name="account-language"),
    path("account/sessions/end/", account.end_sessions, name="account-sessions-end"),
    path("account/code-app/", enrolment.code_app, name="code-app"),
    path("account/passkey/", enrolment.passkey, name="passkey"),
    path("account/second-factor/<int:number>/remove/", enrolment.remove, name="second-factor-remove"),
    path("account/recovery-codes/", enrolment.recovery, name="recovery-codes"),
    path("account/recovery-codes/file/", enrolment.recovery_file, name="recovery-codes-file"),
    path("invitation/<str:secret>/", invitation.invitation, name="invitation"),
]
