package command

import (
	goruntime "runtime"
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	const revision = "1a2b3c4d5e6f708192a3b4c5d6e7f80912345678"
	at := " " + goruntime.Version() + " " + goruntime.GOOS + "/" + goruntime.GOARCH
	for _, c := range []struct {
		name     string
		version  string
		settings []debug.BuildSetting
		want     string
	}{
		{"nothing noted", "", nil, "(devel)"},
		{"a release from the module proxy", "v0.3.0", nil, "v0.3.0"},
		{"a commit", "v0.3.0", []debug.BuildSetting{{Key: "vcs.revision", Value: revision}, {Key: "vcs.time", Value: "2026-03-01T12:00:00Z"}, {Key: "vcs.modified", Value: "false"}},
			"v0.3.0 (1a2b3c4d5e6f of 2026-03-01)"},
		{"changed since", "(devel)", []debug.BuildSetting{{Key: "vcs.revision", Value: revision}, {Key: "vcs.modified", Value: "true"}},
			"(devel) (1a2b3c4d5e6f, changed)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := buildOf(&debug.BuildInfo{Main: debug.Module{Version: c.version}, Settings: c.settings})
			if got := b.String(); got != c.want+at {
				t.Errorf("%q, want %q", got, c.want+at)
			}
			if b.Static {
				t.Error("static, and nothing says so")
			}
		})
	}
	if b := buildOf(&debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "CGO_ENABLED", Value: "0"}}}); !b.Static {
		t.Error("built without cgo, and not static")
	}
}
