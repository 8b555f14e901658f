package runtime

import (
	"context"
	"maps"
	"slices"

	"vnet/runtime/host"
	"vnet/runtime/journal"
	"vnet/runtime/kernel"
)

// What there is by its name, for who is typing one. What may not be seen is
// left out, without a word.

// Namespaces lists the named namespaces.
func Namespaces(ctx context.Context) []string {
	k, err := kernel.New()
	if err != nil {
		return nil
	}
	defer k.Close()
	names, _ := k.Namespaces(ctx)
	return names
}

// Links lists the interfaces of a namespace.
func Links(ctx context.Context, ns string) []host.Link {
	k, err := kernel.New()
	if err != nil {
		return nil
	}
	defer k.Close()
	state, err := k.State(ctx, ns)
	if err != nil {
		return nil
	}
	return state.Links
}

// Awaiting lists the labs that wait to be confirmed.
func Awaiting() []string {
	store, err := journal.Existing(journal.Root)
	if err != nil || store == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(awaiting(store)))
}
