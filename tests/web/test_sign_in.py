from http import HTTPStatus


def test_works(client, alice):
    page = client.post("/sign-in/", {"username": "alice", "password": "deadbeef"}, follow=True)
    assert page.redirect_chain == [("/", HTTPStatus.FOUND)]


def test_a_wrong_password_says_so(client, alice):
    page = client.post("/sign-in/", {"username": "alice", "password": "x"})
    assert "Please enter a correct username and password" in page.text


def test_never_leads_to_another_site(client, alice):
    form = {"username": "alice", "password": "deadbeef", "next": "https://example.org/"}
    assert client.post("/sign-in/", form).headers["Location"] == "/"


def test_signing_out(signed_in, alice):
    client = signed_in(alice)
    assert client.get("/sign-out/").status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert client.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert client.get("/").status_code == HTTPStatus.FOUND
