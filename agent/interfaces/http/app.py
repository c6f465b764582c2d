"""The application: every route, what guards them, and the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

from ...assistant import VideoAgent
from . import accounts, library, openai, projects, search, sessions, upload_routes
from .errors import handle_errors
from .security import Guard
from .serving import Options, Serving

PAGE: Final = Path(__file__).parent.parent / "page"
_DESCRIPTION = "A local-first, conversational video assistant. Errors are `{error: {code, message, remedy}}`."


def create_app(agent: VideoAgent, options: Options) -> FastAPI:
    """The application over an assistant, which stays the caller's to close."""
    serving = Serving(agent, options)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(serving.revive)
        yield
        await serving.close()

    app = FastAPI(
        title="GPT4Video",
        version=version("gpt4video"),
        description=_DESCRIPTION,
        lifespan=lifespan,
        # The pages that FastAPI has for this load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        middleware=_middleware(options),
        generate_unique_id_function=_operation,
    )
    app.state.serving = serving
    handle_errors(app)
    api = APIRouter(prefix="/api/v1")
    for part in (accounts, sessions, library, upload_routes, search, projects):
        api.include_router(part.router)
    app.include_router(api)
    app.include_router(openai.router)
    app.include_router(accounts.metrics_router)
    if PAGE.is_dir():
        app.mount("/", StaticFiles(directory=PAGE, html=True), name="page")
    return app


def _middleware(options: Options) -> list[Middleware]:
    chain = [Middleware(Guard, hosts=options.hosts, origins=options.origins, most=options.chunk_bytes)]
    if options.origins:
        chain.append(
            Middleware(
                CORSMiddleware,
                allow_origins=options.origins,
                allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
                allow_headers=["Authorization", "Content-Type", "Upload-Offset", "Last-Event-ID", "X-Session"],
                expose_headers=["Upload-Offset", "Retry-After", "X-Total-Count"],
            )
        )
    return chain


def _operation(route: APIRoute) -> str:
    return route.name
