// Polls the chat, sends what is typed and tapped. All HTML comes escaped from the server.
"use strict";

const POLL_MILLISECONDS = 700;

const phone = document.getElementById("phone");
const thread = document.getElementById("thread");
const composer = document.getElementById("composer");
const text = document.getElementById("text");
const sheet = document.getElementById("sheet");
const prompts = document.getElementById("prompts");
const presence = document.getElementById("presence");
const trouble = document.getElementById("trouble");
const chat = { account: phone.dataset.account, shopper: phone.dataset.shopper };

let revision = 0;
let opener = null;
let polling = false;

async function poll() {
  if (polling || document.hidden) return;
  polling = true;
  try {
    const query = new URLSearchParams({ ...chat, after: revision });
    const answer = await fetch(`/phone/thread?${query}`);
    if (answer.ok) show(await answer.json());
    warn(answer.ok ? "" : "The sandbox answered with an error.");
  } catch {
    warn("The sandbox does not answer.");
  } finally {
    polling = false;
  }
}

function show({ revision: newest, typing, messages, prompts: asked }) {
  const atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 80;
  const before = thread.childElementCount;
  messages.forEach(place);
  revision = Math.max(revision, newest);
  presence.textContent = typing ? "typing…" : "business account";
  presence.classList.toggle("typing", typing);
  if (atEnd && thread.childElementCount > before) toEnd();
  ask(asked);
}

function ask(asked) {
  const known = [...prompts.children].map((prompt) => prompt.dataset.promptId);
  if (known.join() === asked.map(({ id }) => id).join()) return;
  const holder = document.createElement("template");
  holder.innerHTML = asked.map(({ html }) => html).join("");
  prompts.replaceChildren(holder.content);
  prompts.hidden = asked.length === 0;
}

function place({ id, html }) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const fresh = holder.content.querySelector("article");
  const known = thread.querySelector(`[data-message-id="${CSS.escape(id)}"]`);
  if (known) {
    known.dataset.status = fresh.dataset.status;
    known.querySelector(".meta").replaceWith(fresh.querySelector(".meta"));
    return;
  }
  for (const image of fresh.querySelectorAll("img")) image.addEventListener("load", toEnd);
  thread.append(fresh);
}

function toEnd() {
  thread.scrollTop = thread.scrollHeight;
}

function warn(message) {
  trouble.textContent = message;
  trouble.hidden = !message;
}

async function post(path, body) {
  const sending = fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...chat, ...body }),
  });
  toEnd();
  setTimeout(poll, 30);
  try {
    const answer = await sending;
    const { status } = answer.ok ? await answer.json() : {};
    await poll();
    if (status !== 200) warn(`The store answered the webhook with ${status ?? "nothing"}.`);
  } catch {
    warn("The sandbox does not answer.");
  }
}

async function answerPrompt(button) {
  const prompt = button.closest("[data-prompt-id]");
  for (const other of prompt.querySelectorAll("button")) other.disabled = true;
  const approved = button.dataset.answer === "approve";
  const body = { shopper: chat.shopper, prompt_id: prompt.dataset.promptId, approved };
  try {
    const answer = await fetch("/phone/prompt", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    prompt.remove();
    await poll();
    if (!answer.ok) warn("The request has run out.");
  } catch {
    warn("The sandbox does not answer.");
  }
}

function openList(button) {
  opener = button;
  const frame = phone.getBoundingClientRect();
  const border = phone.clientLeft;
  sheet.style.setProperty("--left", `${frame.left + border}px`);
  sheet.style.setProperty("--width", `${phone.clientWidth}px`);
  sheet.style.setProperty("--bottom", `${window.innerHeight - frame.bottom + border}px`);
  sheet.style.setProperty("--most", `${frame.height * 0.8}px`);
  const article = button.closest("article");
  document.getElementById("sheet-title").textContent = button.textContent.trim();
  const rows = article.querySelector("template").content.cloneNode(true);
  document.getElementById("sheet-body").replaceChildren(rows);
  sheet.dataset.messageId = article.dataset.messageId;
  sheet.showModal();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) {
    if (event.target === sheet) sheet.close();
    return;
  }
  if ("list" in button.dataset) openList(button);
  if ("close" in button.dataset) sheet.close();
  if (button.dataset.answer) answerPrompt(button);
  if (!button.dataset.tap) return;
  const holder = button.closest("[data-message-id]");
  if (sheet.open) sheet.close();
  const { tap: kind, id } = button.dataset;
  post("/phone/tap", { message_id: holder.dataset.messageId, kind, id });
});

sheet.addEventListener("close", () => opener?.focus());

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = text.value.trim();
  if (!typed) return;
  text.value = "";
  text.focus();
  post("/phone/send", { text: typed });
});

document.getElementById("chooser").addEventListener("change", (event) => {
  if (event.target.matches("select")) event.currentTarget.submit();
});

document.addEventListener("visibilitychange", poll);
setInterval(poll, POLL_MILLISECONDS);
poll();
