/* M/M/4 as one loop over one binary heap: what a processor can do at most with this queue, and no rules at all.
 *
 * A message takes a hop to the queue and a hop to a worker, who is held for one more until the acknowledgement is back.
 * Arrival, start and end of each message are recorded. No crashes.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { COME, QUEUE, BEGIN, END };

typedef struct { double time; int64_t number; int32_t what, message; } event;

static event *heap;
static int64_t waiting, numbered;
static uint64_t state;

static double uniform(void) { /* xorshift64*, Vigna 2016 */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (double)((state * 2685821657736338717ULL) >> 11) * 0x1p-53;
}

static double exponential(double mean) { return -mean * log1p(-uniform()); }

static int before(event a, event b) { return a.time < b.time || (a.time == b.time && a.number < b.number); }

static void push(double time, int32_t what, int32_t message) {
    event added = {time, numbered++, what, message};
    int64_t x = waiting++;
    while (x > 0 && before(added, heap[(x - 1) / 2])) {
        heap[x] = heap[(x - 1) / 2];
        x = (x - 1) / 2;
    }
    heap[x] = added;
}

static event pop(void) {
    event first = heap[0], last = heap[--waiting];
    int64_t x = 0;
    for (int64_t below = 1; below < waiting; below = 2 * x + 1) {
        if (below + 1 < waiting && before(heap[below + 1], heap[below])) below++;
        if (before(last, heap[below])) break;
        heap[x] = heap[below];
        x = below;
    }
    heap[x] = last;
    return first;
}

int simulate(int64_t messages, double rate, double mean, int64_t workers, double latency, uint64_t seed,
             double *arrival, double *start, double *end) {
    int32_t *queue = malloc(sizeof(int32_t) * (size_t)messages);
    heap = malloc(sizeof(event) * (size_t)(messages + 16));
    if (!queue || !heap) return 1;
    int64_t head = 0, tail = 0, free_workers = workers;
    waiting = numbered = 0;
    state = seed * 0x9E3779B97F4A7C15ULL + 1;
    push(exponential(1 / rate), COME, 0);
    while (waiting > 0) {
        event now = pop();
        int32_t m = now.message;
        if (now.what == COME) {
            arrival[m] = now.time;
            push(now.time + latency, QUEUE, m);
            if (m + 1 < messages) push(now.time + exponential(1 / rate), COME, m + 1);
        } else if (now.what == BEGIN) {
            start[m] = now.time;
            end[m] = now.time + exponential(mean);
            push(end[m] + latency, END, m);
        } else {
            if (now.what == QUEUE) queue[tail++] = m;
            else free_workers++;
            while (free_workers > 0 && head < tail) {
                free_workers--;
                push(now.time + latency, BEGIN, queue[head++]);
            }
        }
    }
    free(queue);
    free(heap);
    return 0;
}
