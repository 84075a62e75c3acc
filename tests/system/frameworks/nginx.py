"""A real nginx as caching proxy in front of a site; the tests skip where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.system.frameworks.servers import Site, free_port
from tests.system.frameworks.visitor import Visitor, until

# Caches whatever it may, for everybody, and says whether an answer came from there.
CACHE = """proxy_cache site; proxy_cache_key $request_uri; proxy_cache_valid 200 10m;
      add_header X-Cache $upstream_cache_status always;"""
CONFIG = """
{user} daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log warn; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  proxy_cache_path {folder}/cache keys_zone=site:1m max_size=16m;
  server {{
    listen 127.0.0.1:{port};
    location {prefix}/ {{
      proxy_pass http://127.0.0.1:{site}{cut};
      proxy_set_header Host $http_host;
      {more}
    }}
  }}
}}
"""


def cached(site: Site, folder: Path) -> AbstractContextManager[Site]:
    """The same site behind the cache."""
    return _fronted(site, folder, more=CACHE)


def in_a_folder(site: Site, folder: Path, prefix: str) -> AbstractContextManager[Site]:
    """The same site below a prefix, which the proxy cuts off, and says to whoever asks."""
    more = f"proxy_set_header X-Forwarded-Prefix {prefix};"
    return _fronted(site, folder, prefix=prefix, cut="/", more=more)


@contextmanager
def _fronted(
    site: Site, folder: Path, *, prefix: str = "", cut: str = "", more: str
) -> Iterator[Site]:
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if nginx is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI has no nginx: apt-get install nginx-light")
        pytest.skip("nginx is not here; apt-get install nginx-light")
    port = free_port()
    # Its workers would become somebody who may not write where tests do.
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    values = {"user": user, "folder": folder, "port": port, "site": site.port}
    config.write_text(CONFIG.format(**values, prefix=prefix, cut=cut, more=more))
    command = [nginx, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            until(lambda: process.poll() is not None or _listens(port))
            assert process.poll() is None, process.communicate()[1]
            yield Site(port, site.folder, site.log, process.pid)
        finally:
            process.terminate()
            process.wait(20)


def _listens(port: int) -> bool:
    try:
        Visitor(port).send("HEAD", "/about")
    except OSError:
        return False
    return True
