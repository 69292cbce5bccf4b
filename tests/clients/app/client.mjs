// What the app's pages run.
import { createAuthClient } from "@neondatabase/auth";

const auth = createAuthClient(`${location.origin}/api/auth`);
const $ = (id) => document.getElementById(id);

function on(id, work) {
  $(id)?.addEventListener("submit", async (event) => {
    event.preventDefault();
    $("error").textContent = "";
    try {
      const { error } = (await work()) ?? {};
      if (error) throw error;
    } catch (error) {
      $("error").textContent = error.message;
    }
  });
}

on("sign-up", async () => {
  const { error } = await auth.signUp.email({ name: $("name").value, email: $("email").value, password: $("password").value });
  if (!error) location.assign("/");
  return { error };
});

on("ask", async () => {
  const { error } = await auth.phoneNumber.sendOtp({ phoneNumber: $("number").value });
  if (!error) $("verify").hidden = false;
  return { error };
});

on("verify", async () => {
  const link = $("verify").dataset.links !== undefined;
  const { error } = await auth.phoneNumber.verify({ phoneNumber: $("number").value, code: $("code").value, updatePhoneNumber: link });
  if (!error) location.assign("/");
  return { error };
});

on("sign-out", async () => {
  await auth.signOut();
  location.assign("/sign-in");
});

if ($("who")) {
  const { data } = await auth.getSession({ query: { disableCookieCache: true } });
  $("who").textContent = `${data.user.name} ${data.user.phoneNumber ?? "without a number"}`;
}
