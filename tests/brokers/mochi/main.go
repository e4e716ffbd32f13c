// mochi-mqtt, a broker as a Go module, as small as it can be: broker PORT [long-queues]
package main

import (
	"log"
	"os"
	"os/signal"
	"syscall"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
)

func main() {
	server := mqtt.New(&mqtt.Options{Capabilities: capabilities()})
	if err := server.AddHook(new(auth.AllowHook), nil); err != nil {
		log.Fatal(err)
	}
	listener := listeners.Config{ID: "tcp", Address: "127.0.0.1:" + os.Args[1]}
	if err := server.AddListener(listeners.NewTCP(listener)); err != nil {
		log.Fatal(err)
	}
	if err := server.Serve(); err != nil {
		log.Fatal(err)
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	<-end
	if err := server.Close(); err != nil {
		log.Fatal(err)
	}
}

func capabilities() *mqtt.Capabilities {
	capabilities := mqtt.NewDefaultServerCapabilities()
	if len(os.Args) > 2 && os.Args[2] == "long-queues" {
		capabilities.MaximumClientWritesPending = 32 * 1024
	}
	return capabilities
}
