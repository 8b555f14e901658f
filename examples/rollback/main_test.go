package rollback

import (
	"testing"

	"vnet/examples/vnettest"
)

func TestMain(m *testing.M) { vnettest.Main(m) }
