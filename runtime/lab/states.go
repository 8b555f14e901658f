package lab

import (
	"encoding/json"
	"os"
	"path/filepath"

	"vnet/runtime/host"
	"vnet/runtime/journal"
)

// statesFile holds, beside a journal, the namespaces as the run left them.
const statesFile = "states.json"

// PackStates writes down what a run leaves, so that it can be told later what
// others have changed.
func PackStates(states []*host.State) ([]byte, error) { return json.Marshal(states) }

// SaveStates keeps what PackStates wrote.
func SaveStates(j *journal.Journal, packed []byte) error { return j.Save(statesFile, packed) }

// States are the namespaces that a lab wrote to, as its last run there left
// them. Of one that could not be looked at nothing is known.
func (l *Lab) States() []*host.State {
	latest := map[string]*host.State{}
	var out []*host.State
	for _, p := range l.Parts {
		var states []*host.State
		data, err := os.ReadFile(filepath.Join(p.Dir, statesFile))
		if err != nil || json.Unmarshal(data, &states) != nil {
			continue
		}
		for _, s := range states {
			if was := latest[s.NS]; was != nil {
				*was = *s
				continue
			}
			latest[s.NS] = s
			out = append(out, s)
		}
	}
	return out
}
