import os

from flask import Flask

app = Flask(__name__)


@app.route("/")
def page() -> str:
    return f"<h1>hello docker</h1>\n<p>{os.environ.get('GREETING', 'welcome')}</p>\n"


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8080)
