package main

import (
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// clientGone counts a visitor who hung up before the answer as an error; nobody receives it.
const clientGone = 499

// service answers requests and keeps the numbers about them.
type service struct {
	version  string
	slowness time.Duration
	stopping atomic.Bool

	registry  *prometheus.Registry
	durations *prometheus.HistogramVec
	requests  *prometheus.CounterVec
}

func newService(version string, slowness time.Duration) *service {
	s := &service{
		version:  version,
		slowness: slowness,
		registry: prometheus.NewRegistry(),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_server_request_duration_seconds",
			Help:    "Time to answer a request.",
			Buckets: []float64{.005, .01, .025, .05, .1, .2, .3, .4, .5, .75, 1, 2.5, 5},
		}, []string{"method", "route", "status_code"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total",
			Help: "Requests answered, by outcome: success, or error for status codes from 400 on.",
		}, []string{"status"}),
	}
	s.registry.MustRegister(s.durations, s.requests, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	// Both outcomes exist from the start, so that an error rate is 0 and not "no data" before the first error.
	s.requests.WithLabelValues("success")
	s.requests.WithLabelValues("error")
	return s
}

// handler routes requests; /metrics and /healthz are left out of the numbers.
func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", s.health)
	mux.Handle("GET /{$}", s.measured("/", s.greet))
	// One route for everything unknown: a label per path would let visitors fill Prometheus.
	mux.Handle("/", s.measured("other", http.NotFound))
	return mux
}

func (s *service) greet(answer http.ResponseWriter, request *http.Request) {
	select {
	case <-time.After(s.slowness):
	case <-request.Context().Done():
		answer.WriteHeader(clientGone)
		return
	}
	answer.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(answer, "Hello from helloservice %s\n", s.version)
}

func (s *service) health(answer http.ResponseWriter, _ *http.Request) {
	if s.stopping.Load() {
		http.Error(answer, "stopping", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(answer, "ok")
}

// measured counts and times what a route answers.
func (s *service) measured(route string, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		begun := time.Now()
		seen := &statusSeen{ResponseWriter: answer, code: http.StatusOK}
		next(seen, request)
		outcome := "success"
		if seen.code >= http.StatusBadRequest {
			outcome = "error"
		}
		s.requests.WithLabelValues(outcome).Inc()
		s.durations.WithLabelValues(knownMethod(request.Method), route, strconv.Itoa(seen.code)).
			Observe(time.Since(begun).Seconds())
	})
}

// knownMethod keeps invented method names out of the labels.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions:
		return method
	}
	return "other"
}

// statusSeen remembers the status code that was sent.
type statusSeen struct {
	http.ResponseWriter
	code int
}

func (s *statusSeen) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}
