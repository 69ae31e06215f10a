"""The composition root: the one module that knows all others.

Rule: only binds components, in the required order; no logic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import PathConverter

from cabinet import auth, commands, config, dav, files, jobs, nextcloud, shares, spaces, tus
from cabinet import help as documents
from cabinet.extensions import bcrypt, csrf, db, login_manager, migrate
from cabinet.refusals import RefusedToStart
from cabinet.services.accounts.passwords import Passwords
from cabinet.services.kernel.caps import Caps
from cabinet.services.kernel.database import configure, engine_options, folders_of
from cabinet.serving import preparing
from cabinet.storage import memory
from cabinet.storage.reserve import Reserve
from cabinet.terminal.text import escape_controls
from cabinet.web import (
    assets,
    bell,
    compression,
    formats,
    health,
    i18n,
    pages,
    problems,
    request_guards,
    team_spaces,
    template_env,
)
from cabinet.web.cookies import Cookies
from cabinet.web.json_documents import JsonDocuments
from cabinet.web.runtime import EXTENSION, Runtime

# Guests of a link reach the same views as the owner of the files, below the link.
shares.link.register_blueprint(files.bp)
shares.link.register_blueprint(tus.bp)


class _Application(shares.LinkAwareFlask):
    """Flask with plain functions only: it would inspect each hook and view for a coroutine at each request."""

    json_provider_class = JsonDocuments

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


class _AnyPath(PathConverter):
    """Any text, including line feeds, which Werkzeug's converter rejects; services validate paths."""

    regex = r"[^/][\s\S]*?"


class _RestOfPath(PathConverter):
    """Any text, also none, and one that begins with slashes, which clients of WebDAV send."""

    regex = r"[\s\S]*?"
    part_isolating = False


def build_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """Return the application, ready to serve; see `create_app`.

    Raises a `RefusedToStart` when the operator must fix something; `flask` prints it as one line.
    """
    try:
        return _build(settings)
    except RefusedToStart as error:
        if click.get_current_context(silent=True) is None:
            raise
        raise click.ClickException(escape_controls(str(error))) from error


def _build(settings: Mapping[str, Any] | None) -> Flask:
    given = dict(settings or {})
    instance = config.find_instance(given)
    app = _Application("cabinet", instance_path=str(instance), static_folder=None)
    config.load(app.config, instance, given)
    _derive(app.config, instance)
    memory.UPLOAD_MEMORY.limit = app.config["UPLOAD_MEMORY"]
    app.session_interface = Cookies()
    app.url_map.merge_slashes = False
    app.url_map.converters["path"] = _AnyPath
    app.url_map.converters["rest"] = _RestOfPath
    template_env.init_app(app)
    # Flask creates its logger on first access, and with it the handler of the audit log.
    _ = app.logger
    _bind_extensions(app)
    for part in (
        request_guards,
        problems,
        i18n,
        formats,
        compression,
        pages,
        assets,
        bell,
        team_spaces,
        health,
        jobs,
    ):
        part.init_app(app)
    commands.init_app(app, preparing.prepare)
    app.register_blueprint(auth.bp)
    app.register_blueprint(files.bp)
    app.register_blueprint(tus.bp)
    app.register_blueprint(dav.bp)
    if app.config["NEXTCLOUD_CLIENTS"] == "on":
        app.register_blueprint(nextcloud.bp)
        app.register_blueprint(nextcloud.ocs)
        app.register_blueprint(nextcloud.apps)
        app.register_blueprint(nextcloud.drive)
    app.register_blueprint(documents.bp)
    app.register_blueprint(shares.bp)
    app.register_blueprint(shares.link)
    app.register_blueprint(spaces.bp)
    hops = app.config["PROXY_HOPS"]
    if hops:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_port=hops, x_prefix=hops
        )
    preparing.prepare_when_serving(app)
    return app


def _derive(settings: dict[str, Any], instance: Path) -> None:
    """Derive the settings of Flask and its extensions from our own."""
    settings["DATABASE_URL"] = settings["DATABASE_URL"] or f"sqlite:///{instance / 'cabinet.db'}"
    settings["STORE_URL"] = settings["STORE_URL"] or instance.as_uri()
    settings.update(
        SQLALCHEMY_DATABASE_URI=settings["DATABASE_URL"],
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings["DATABASE_URL"], settings["DATABASE_CONNECTIONS"]),
        # The maximum age of a cookie's signature; the session's row decides when the session ends.
        PERMANENT_SESSION_LIFETIME=timedelta(
            seconds=max(settings["REMEMBER_SECONDS"], settings["SESSION_SECONDS"])
        ),
        SESSION_REFRESH_EACH_REQUEST=False,
        SESSION_COOKIE_SAMESITE="Lax",
        # `request_guards.py` checks the CSRF token, for browsers only; it is valid as long as the session.
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        # bcrypt refuses more than 72 bytes and NUL bytes; this setting hashes passwords with SHA-256 first.
        BCRYPT_HANDLE_LONG_PASSWORDS=True,
    )


def _bind_extensions(app: Flask) -> None:
    db.init_app(app)
    with app.app_context():
        configure(db.engine)
    migrate.init_app(app, db, directory=str(preparing.find_migrations()), render_as_batch=True)
    login_manager.init_app(app)
    login_manager.session_protection = None  # sessions are our own rows; the client's address may change
    bcrypt.init_app(app)
    csrf.init_app(app)
    passwords = Passwords(bcrypt, app.config["HASH_CONCURRENCY"])
    reserve = Reserve(app.config["DISK_RESERVE"], folders_of(app.config["DATABASE_URL"]))
    app.extensions[EXTENSION] = Runtime(
        app.config["STORE_URL"], reserve, passwords, _caps(app.config), threads=app.config["THREADS"]
    )


def _caps(settings: Mapping[str, Any]) -> Caps:
    return Caps(
        entries=settings["USER_ENTRIES"],
        uploads=settings["USER_UPLOADS"],
        joins=settings["PART_JOINS"],
        copied=settings["COPY_ENTRIES"],
    )
