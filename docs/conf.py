"""How Sphinx builds this site: pages in Markdown (MyST), and the code's reference from its docstrings.

Sphinx and not MkDocs with Material: that theme ends in May 2027, and MkDocs 1 under it is no longer kept.
Every warning is an error (`make docs`): a link or an anchor that leads nowhere stops the build.
"""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "clipforensics"
release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
version = release
language = "en_GB"
extensions = ["api_pages", "myst_parser", "sphinx_copybutton"]

myst_enable_extensions = ["colon_fence", "fieldlist"]
# Slugs as GitHub makes them, so that one link serves both there and here
myst_heading_anchors = 4

html_theme = "furo"
html_title = "clipforensics"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
copybutton_prompt_text = "$ "
copybutton_line_continuation_character = "\\"
exclude_patterns = ["_build"]
