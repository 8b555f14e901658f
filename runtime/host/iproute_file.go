package host

import (
	"path"
	"strings"
)

func adoptLines(o NamespaceAdopt) []string {
	if pid, ok := strings.CutPrefix(path.Dir(path.Dir(o.Path)), "/proc/"); ok && path.Base(o.Path) == "net" {
		return []string{line("ip", "netns", "attach", o.Name, pid)}
	}
	at := "/run/netns/" + o.Name
	return []string{line("mkdir", "-p", "/run/netns"), line("touch", at), line("mount", "--bind", o.Path, at)}
}

// etc is the place of a namespace's own file, as `ip netns exec` looks for it.
func etc(ns, name string) string {
	if ns == Start {
		return "/etc/" + name
	}
	return "/etc/netns/" + ns + "/" + name
}

func fileLines(ns, name, into, text string) []string {
	at := etc(ns, name)
	return []string{line("mkdir", "-p", path.Dir(at)), "printf '%s\\n' " + shellWord(text) + " " + into + " " + shellWord(at)}
}

func dnsLines(o DNSSet) []string {
	var text []string
	for _, s := range o.Servers {
		text = append(text, "nameserver "+s.String())
	}
	return fileLines(o.NS, "resolv.conf", ">", strings.Join(text, "\n"))
}

func restoreLines(o FileRestore) []string {
	at := etc(o.NS, o.Name)
	if !o.Absent {
		return []string{"printf %s " + shellWord(string(o.Content)) + " > " + shellWord(at)}
	}
	out := []string{line("rm", "-f", at)}
	if o.DirAbsent {
		out = append(out, line("rmdir", "--ignore-fail-on-non-empty", path.Dir(at)))
	}
	return out
}
