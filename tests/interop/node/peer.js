// Verifies and signs messages with xml-crypto and node-soap.
//
// Each line of standard input is a question in JSON, each line of standard output its answer:
//   {"do": "verify", "xml", "certificate"}                  what xml-crypto proved, or {"refused": why}
//   {"do": "sign", "with", "xml", "key", "certificate", "soapPrefix", ...}  {"xml"}: what node-soap sends
//   {"do": "header", "username", "password", "options"}     {"xml"}: node-soap's UsernameToken header
// The first argument is the time that node-soap writes; the program ends with its input.
"use strict";

const readline = require("readline");
const { DOMParser } = require("@xmldom/xmldom");
const { SignedXml } = require("xml-crypto");
// One by one: all of node-soap would bring its HTTP client with it.
const { WSSecurity } = require("soap/lib/security/WSSecurity");
const { WSSecurityCert } = require("soap/lib/security/WSSecurityCert");
const { WSSecurityCertWithToken } = require("soap/lib/security/WSSecurityCertWithToken");

const DS = "http://www.w3.org/2000/09/xmldsig#";
const now = new Date(process.argv[2]).getTime();

global.Date = class extends Date {
  constructor(...given) {
    super(...(given.length ? given : [now]));
  }
};

function verify({ xml, certificate }) {
  const signatures = new DOMParser().parseFromString(xml).getElementsByTagNameNS(DS, "Signature");
  if (signatures.length !== 1) throw new Error(`${signatures.length} signatures`);
  const signed = new SignedXml({ publicCert: certificate });
  signed.loadSignature(signatures[0]);
  if (!signed.checkSignature(xml)) {
    const reasons = signed.getReferences().map((item) => item.validationError?.message);
    return { refused: reasons.filter(Boolean).join("; ") || "no reason" };
  }
  return {
    algorithm: signed.signatureAlgorithm,
    canonicalization: signed.canonicalizationAlgorithm,
    references: signed.getReferences().map((item) => ({
      uri: item.uri,
      digest: item.digestAlgorithm,
      transforms: item.transforms,
      xml: item.signedReference,
    })),
  };
}

function sign(question) {
  const { xml, key, certificate, soapPrefix, username, password, options } = question;
  const signer =
    question.with === "WSSecurityCert"
      ? new WSSecurityCert(key, certificate, "", options)
      : new WSSecurityCertWithToken({
          privateKey: key, publicKey: certificate, keyPassword: "", username, password, options,
        });
  return { xml: signer.postProcess(xml, soapPrefix) };
}

function header({ username, password, options }) {
  return { xml: new WSSecurity(username, password, options).toXML() };
}

const tasks = { verify, sign, header };

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const question = JSON.parse(line);
  let answer;
  try {
    answer = tasks[question.do](question);
  } catch (error) {
    answer = { refused: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
