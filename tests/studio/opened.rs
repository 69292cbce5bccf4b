//! The page of a process of its own, as a browser without scripts has it.

use neon_sms_relay::domain::{Clock, SystemClock, Timestamp};
use neon_sms_relay::store::{Store, open};
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, Response};
use sms_providers::client::{http_client, tls_config};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// A running `studio`. Killed when dropped.
pub struct Studio {
    pub origin: String,
    pub token: String,
    cookie: String,
    http: Client,
    child: Child,
}

/// A store in a folder of its own.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn url(&self) -> String {
        format!("sqlite://{}/relay.db", self.0.path().display())
    }

    pub fn store(&self) -> Arc<dyn Store> {
        store(&self.url())
    }
}

pub fn store(url: &str) -> Arc<dyn Store> {
    open(url, tls_config().unwrap()).unwrap()
}

pub fn now() -> Timestamp {
    SystemClock.now()
}

/// The command, with these variables and no others.
pub fn command(folder: &Path, vars: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neon-sms-relay"));
    command.args(["studio", "--port", "0"]).current_dir(folder).env_clear();
    command.envs(vars.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Studio {
    /// Starts it over a store and opens its page.
    pub async fn over(store_url: &str) -> Self {
        Self::with(&[("STORE_URL", store_url)]).await
    }

    pub async fn with(vars: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = command(folder.path(), vars).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("Studio: ").unwrap_or_else(|| {
            let mut said = String::new();
            child.stderr.as_mut().unwrap().read_to_string(&mut said).unwrap();
            panic!("{line}{said}")
        });
        let (origin, token) = url.split_once("/?token=").unwrap();
        // It follows no redirect.
        let http = http_client().unwrap();
        let (origin, token) = (origin.to_owned(), token.to_owned());
        let mut studio = Self { origin, token, cookie: String::new(), http, child };
        let welcome = studio.ask(Method::GET, &format!("/?token={}", studio.token)).send().await.unwrap();
        let cookie = welcome.headers()[SET_COOKIE].to_str().unwrap();
        studio.cookie = cookie.split(';').next().unwrap().to_owned();
        studio
    }

    /// A request without the cookie.
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.origin))
    }

    /// A request with the cookie.
    pub fn asked(&self, method: Method, path: &str) -> RequestBuilder {
        self.ask(method, path).header(COOKIE, &self.cookie)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.asked(Method::GET, path).send().await.unwrap()
    }

    /// The text of a page that has to be there.
    pub async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert_eq!(status, 200, "{path}: {text}");
        text
    }

    /// Sends a form with these fields alone.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.asked(Method::POST, path).form(fields).send().await.unwrap()
    }

    /// Sends the form of our own that is at `path`, with these fields in place of its own; returns where it leads.
    pub async fn sends(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let token = form_token(&self.page("/").await);
        let fields = [&[("form_token", token.as_str())], fields].concat();
        let response = self.post(path, &fields).await;
        let (status, place) = (response.status(), place(response.headers()));
        assert_eq!(status, 303, "{}", response.text().await.unwrap());
        place
    }

    /// All that it wrote after its URL, once it has ended.
    pub fn ends(mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut written = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut written).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut written).unwrap();
        assert!(self.child.wait().unwrap().success(), "{written}");
        written
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        // Both fail if it has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where an answer leads.
pub fn place(headers: &HeaderMap) -> String {
    headers.get(LOCATION).map(|place| place.to_str().unwrap().to_owned()).unwrap_or_default()
}

pub fn form_token(page: &str) -> String {
    page.split_once("name=\"form_token\" value=\"").unwrap().1.split('"').next().unwrap().to_owned()
}

/// The addresses of all links of a page.
pub fn links(page: &str) -> Vec<String> {
    let attributes = page.split("href=\"").skip(1);
    attributes.map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&")).collect()
}
