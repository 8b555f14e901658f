package command

import (
	"encoding/json"
	goruntime "runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// A build says what this program was made of, as the Go toolchain has noted it.
type build struct {
	Version  string `json:"version"`            // of the module: v0.3.0; (devel) where none was noted
	Revision string `json:"revision,omitempty"` // the commit
	Time     string `json:"time,omitempty"`     // of the commit
	Modified bool   `json:"modified"`           // there were changes that belong to no commit
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Static   bool   `json:"static"` // it was built without cgo, and needs no library
}

func (a *app) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long:  "Print the version, the commit it was built from and the Go version, as noted\nwhen it was built.",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			if !a.json {
				write(a.console.out, "vnet "+version()+"\n")
				return nil
			}
			data, err := json.MarshalIndent(thisBuild(), "", "  ")
			if err == nil {
				write(a.console.out, string(data)+"\n")
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&a.json, "json", false, "as JSON")
	return cmd
}

func version() string { return thisBuild().String() }

func thisBuild() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return buildOf(info)
}

func buildOf(info *debug.BuildInfo) build {
	b := build{Version: info.Main.Version, Go: goruntime.Version(), Platform: goruntime.GOOS + "/" + goruntime.GOARCH}
	if b.Version == "" {
		b.Version = "(devel)"
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		case "CGO_ENABLED":
			b.Static = s.Value == "0"
		}
	}
	return b
}

// String is  v0.3.0 (1a2b3c4d5e6f of 2026-03-01, changed) go1.26.8 linux/amd64
func (b build) String() string {
	var commit []string
	if b.Revision != "" {
		word := b.Revision[:min(len(b.Revision), 12)]
		if day, _, ok := strings.Cut(b.Time, "T"); ok {
			word += " of " + day
		}
		commit = append(commit, word)
	}
	if b.Modified {
		commit = append(commit, "changed")
	}
	text := b.Version
	if len(commit) > 0 {
		text += " (" + strings.Join(commit, ", ") + ")"
	}
	return text + " " + b.Go + " " + b.Platform
}
