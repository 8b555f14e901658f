package repl

import (
	"regexp"
	"vnet/lang/lazy"
)

// secrets are what makes an entry one that is not written down: a key, or a
// word that announces one, with something behind it.
var secrets = []func() *regexp.Regexp{
	// password=x, --token x, api-key: x, PGPASSWORD=x. The word alone is none.
	lazy.Regexp(`(?i)(passw(or)?d|passphrase|secret|token|credential|api[-_]?key|private[-_]?key|access[-_]?key)s?["']?(\s*[=:]\s*|\s+)["']?[^\s"'=:]`),
	lazy.Regexp(`(?i)\bauthorization:\s*\S|\bbearer\s+\S`),
	// The key of an interface or the one shared with a peer: wg(8).
	lazy.Regexp(`\b(key|psk)\s+\S`),
	lazy.Regexp(`-----BEGIN [A-Z ]*PRIVATE KEY`),
	// Credentials in the address of a page: RFC 3986, 3.2.1.
	lazy.Regexp(`://[^/\s:@]*:[^/\s@]+@`),
}

// A wireguardKey is 32 bytes in base64. Public ones look the same as private
// ones; one behind `peer` is public.
var (
	wireguardKey = lazy.Regexp(`(?:^|[^A-Za-z0-9+/])([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)`)
	publicKey    = lazy.Regexp(`\bpeer\s+["']?[A-Za-z0-9+/]{43}=`)
)

// secret reports whether an entry had better not be kept.
func secret(entry string) bool {
	for _, re := range secrets {
		if re().MatchString(entry) {
			return true
		}
	}
	return wireguardKey().MatchString(publicKey().ReplaceAllString(entry, "peer"))
}
