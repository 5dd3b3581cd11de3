"""The server's own process never imports torch: it starts fast, and stays small."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

from tests.served import RUN

SCRIPT = textwrap.dedent("""
    import sys
    from pathlib import Path

    import httpx
    from starlette.testclient import TestClient

    from neuronscope.api.app import create_app
    from neuronscope.api.serve import serve
    from neuronscope.service.opening import open_served
    from neuronscope.service.token import access_token
    from neuronscope.settings import Settings

    def main(data, models, run):
        settings = Settings(data=Path(data), models=Path(models))
        with open_served(settings, "tiny") as lab:
            client = TestClient(create_app(lab), base_url=f"http://localhost:{settings.port}",
                                headers={"Authorization": f"Bearer {access_token(settings)}"})
            assert client.get("/api/health").status_code == 200
            assert "torch" not in sys.modules
            lab._jobs.wait(lab.model().loading)
            answer = client.post("/api/experiments", content=run,
                                 headers={"Content-Type": "application/json"})
            assert answer.status_code == 201, answer.text
            assert client.get("/api/models").status_code == 200
        print("torch" in sys.modules)

    if __name__ == "__main__":
        main(*sys.argv[1:])
""")


def test_the_server_needs_no_torch(tmp_path, models):
    script = tmp_path / "server.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "data"), str(models), RUN.model_dump_json()],
        capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr
