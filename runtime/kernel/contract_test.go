package kernel

import (
	"testing"

	"vnet/runtime/host"
	"vnet/runtime/host/contract"
)

func TestContract(t *testing.T) {
	contract.Test(t, func(t *testing.T) host.Host { return open(t) }, func(s string) string { return "mt-" + s })
}
