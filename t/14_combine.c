/* SPDX-License-Identifier: BSD-2-Clause */
/* Work that one worker does for several: results, the dead, the stopped. */
#include <sys/mman.h>
#include <sys/wait.h>

#include <dirent.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../shared/arena.h"
#include "../shared/clock.h"
#include "../shared/combine.h"
#include "tap.h"

#define NAME	"test"
#define MAX	64

static char dir[] = "/tmp/guerdon-combine-XXXXXX";

/* What the processes tell each other. */
static struct board {
	_Atomic int	working;	/* jobs under way */
	_Atomic int	go;		/* they may end */
	_Atomic int	turns;
	_Atomic int	items;
	_Atomic int	wrong;
	_Atomic int	how[3];		/* enum combined */
	_Atomic int	most;		/* items of a turn */
} *board;

static void
clear(void)
{

	memset((void *)board, 0, sizeof(*board));
}

static void
pause_ms(long ms)
{
	const struct timespec pause = { 0, ms * 1000000L };

	(void)nanosleep(&pause, NULL);
}

static bool
wait_for(_Atomic int *value, int want)
{
	int i;

	for (i = 0; i < 2000 && atomic_load(value) < want; i++)
		pause_ms(1);
	return (atomic_load(value) >= want);
}

/* An item is a number; the result is what is left of it by 31. */
static void
work(struct combine_item *items, size_t count)
{
	int number, most = atomic_load(&board->most);
	size_t i;

	for (i = 0; i < count; i++) {
		memcpy(&number, items[i].data, sizeof(number));
		items[i].result = (uint8_t)(number % 31);
	}
	(void)atomic_fetch_add(&board->turns, 1);
	(void)atomic_fetch_add(&board->items, (int)count);
	while ((int)count > most && !atomic_compare_exchange_weak(
	    &board->most, &most, (int)count))
		continue;
}

static void
quick_job(void *ctx, struct combine_item *items, size_t count)
{

	(void)ctx;
	work(items, count);
}

/* One that takes until it may end. */
static void
slow_job(void *ctx, struct combine_item *items, size_t count)
{

	(void)ctx;
	work(items, count);
	(void)atomic_fetch_add(&board->working, 1);
	while (atomic_load(&board->go) == 0)
		pause_ms(1);
}

static enum combined
run(struct combine *C, struct arena *A, int number, int64_t ms,
    void (*job)(void *, struct combine_item *, size_t))
{
	enum combined how;
	uint8_t result = 255;

	how = combine_run(C, A, &number, sizeof(number), clock_mono() + ms,
	    job, NULL, &result);
	if (how == COMBINE_DONE && result != number % 31)
		(void)atomic_fetch_add(&board->wrong, 1);
	(void)atomic_fetch_add(&board->how[how], 1);
	arena_reset(A);
	return (how);
}

/* A worker: ${count} items, one after the other. */
static pid_t
start(int number, int count, int64_t ms,
    void (*job)(void *, struct combine_item *, size_t))
{
	struct combine *C;
	struct arena *A;
	pid_t pid;
	int i;

	if ((pid = fork()) != 0)
		return (pid);
	C = combine_open(dir, NAME, MAX);
	A = arena_new(65536);
	if (C == NULL || A == NULL)
		_exit(1);
	for (i = 0; i < count; i++)
		(void)run(C, A, number + i, ms, job);
	_exit(0);
}

static void
end(pid_t pid, int signal)
{

	if (signal != 0)
		(void)kill(pid, signal);
	(void)waitpid(pid, NULL, 0);
}

static void
test_alone(void)
{
	struct combine *C = combine_open(dir, NAME, MAX);
	struct arena *A = arena_new(65536);
	char large[MAX + 1] = "";
	uint8_t result;

	clear();
	ok(run(C, A, 17, 1000, quick_job) == COMBINE_DONE &&
	    board->wrong == 0, "who is alone does it, with the result");
	ok(run(C, A, 18, 1000, quick_job) == COMBINE_DONE &&
	    board->turns == 2, "... and again");
	ok(combine_run(C, A, large, sizeof(large), clock_mono() + 1000,
	    quick_job, NULL, &result) == COMBINE_ALONE,
	    "what is too long is the owner's");
	ok(board->turns == 2, "... and nobody did it");
	combine_close(C);
	arena_free(A);
}

/* While one works two others come: the second one does both. */
static void
test_company(void)
{
	pid_t first, second, third;

	clear();
	first = start(1, 1, 5000, slow_job);
	ok(wait_for(&board->working, 1), "one is at work");
	second = start(2, 1, 5000, slow_job);
	pause_ms(50);
	ok(board->turns == 1, "... a second one waits for a third");
	third = start(3, 1, 5000, slow_job);
	ok(wait_for(&board->working, 2) && board->items == 3,
	    "... and they are done in one turn, beside the first");
	board->go = 1;
	end(first, 0);
	end(second, 0);
	end(third, 0);
	ok(board->how[COMBINE_DONE] == 3 && board->wrong == 0,
	    "... each with its own result");

	clear();
	first = start(1, 1, 5000, slow_job);
	(void)wait_for(&board->working, 1);
	second = start(2, 1, 5000, quick_job);
	pause_ms(50);
	board->go = 1;
	end(first, 0);
	end(second, 0);
	ok(board->how[COMBINE_DONE] == 2 && board->turns == 2,
	    "one for whom no third comes is next");
}

#define WORKERS	8
#define EACH	2000

static void
test_many(void)
{
	pid_t pids[WORKERS];
	int i;

	clear();
	for (i = 0; i < WORKERS; i++)
		pids[i] = start(1000 * i, EACH, 5000, quick_job);
	for (i = 0; i < WORKERS; i++)
		end(pids[i], 0);
	ok(board->how[COMBINE_DONE] == WORKERS * EACH && board->wrong == 0 &&
	    board->items == WORKERS * EACH,
	    "%d items of %d workers: each is done once, with its own result "
	    "(%d turns, at most %d items)", WORKERS * EACH, WORKERS,
	    board->turns, board->most);
	ok(board->most > 1 && board->most <= WORKERS,
	    "... some in company");
}

/* The same while workers die at any point. */
static void
test_killed_often(void)
{
	pid_t pids[WORKERS];
	int i, killed = 0;
	int64_t end_at = clock_mono() + 1500;

	clear();
	for (i = 0; i < WORKERS; i++)
		pids[i] = start(1000 * i, 1000000, 5000, quick_job);
	for (i = 0; clock_mono() < end_at; i = (i + 1) % WORKERS) {
		pause_ms(5);
		end(pids[i], SIGKILL);
		pids[i] = start(1000 * i, 1000000, 5000, quick_job);
		killed++;
	}
	for (i = 0; i < WORKERS; i++)
		end(pids[i], SIGKILL);
	ok(board->wrong == 0 && board->how[COMBINE_DONE] > 1000,
	    "%d workers killed: %d items, none with another's result "
	    "(%d lost, %d alone)", killed, board->how[COMBINE_DONE],
	    board->how[COMBINE_LOST], board->how[COMBINE_ALONE]);
}

/* A turn of two is under way beside the first; its leader is killed. */
static void
test_dead_leader(void)
{
	pid_t first, second, third;
	int64_t began, took;

	clear();
	first = start(1, 1, 5000, slow_job);
	(void)wait_for(&board->working, 1);
	second = start(2, 1, 5000, slow_job);
	pause_ms(50);
	third = start(3, 1, 5000, slow_job);
	(void)wait_for(&board->working, 2);
	began = clock_mono();
	end(third, SIGKILL);
	end(second, 0);
	took = clock_mono() - began;
	ok(board->how[COMBINE_LOST] == 1 && took < 500,
	    "a leader is killed: the other one knows it soon (%d ms)",
	    (int)took);
	board->go = 1;
	end(first, 0);
	ok(board->how[COMBINE_DONE] == 1, "... and the first goes on");
}

static void
test_stopped_leader(void)
{
	struct combine *C = combine_open(dir, NAME, MAX);
	struct arena *A = arena_new(65536);
	pid_t first, second, third;
	enum combined how;
	int64_t began, took;

	clear();
	first = start(1, 1, 5000, slow_job);
	(void)wait_for(&board->working, 1);
	(void)kill(first, SIGSTOP);
	began = clock_mono();
	how = run(C, A, 2, 5000, quick_job);
	took = clock_mono() - began;
	ok(how == COMBINE_ALONE && took >= 150 && took < 1000,
	    "a leader is stopped: who waits goes alone (%d ms)", (int)took);
	began = clock_mono();
	how = run(C, A, 3, 5000, quick_job);
	ok(how == COMBINE_ALONE && clock_mono() - began < 100,
	    "... and the next one at once");
	end(first, SIGKILL);
	pause_ms(999);
	pause_ms(2);
	ok(run(C, A, 4, 5000, quick_job) == COMBINE_DONE,
	    "... until a second later");

	clear();
	first = start(1, 1, 5000, slow_job);
	(void)wait_for(&board->working, 1);
	second = start(2, 1, 300, slow_job);
	pause_ms(50);
	third = start(3, 1, 5000, slow_job);
	(void)wait_for(&board->working, 2);
	(void)kill(third, SIGSTOP);
	end(second, 0);
	ok(board->how[COMBINE_LOST] == 1,
	    "who is in a stopped leader's turn waits until its deadline");
	end(third, SIGKILL);
	end(first, SIGKILL);
	combine_close(C);
	arena_free(A);
}

/* What waited when all were killed is nobody's wish any more. */
static void
test_orphan(void)
{
	struct combine *C;
	struct arena *A = arena_new(65536);
	pid_t first, second;

	clear();
	first = start(1, 1, 5000, slow_job);
	(void)wait_for(&board->working, 1);
	second = start(2, 1, 5000, slow_job);
	pause_ms(50);
	end(second, SIGKILL);
	end(first, SIGKILL);
	pause_ms(999);
	pause_ms(200);
	board->items = 0;
	C = combine_open(dir, NAME, MAX);
	ok(run(C, A, 3, 1000, quick_job) == COMBINE_DONE &&
	    board->items == 1, "what a dead worker wanted isn't done later");
	combine_close(C);
	arena_free(A);
}

static void
jumping_job(void *ctx, struct combine_item *items, size_t count)
{

	(void)items;
	(void)count;
	(void)arena_alloc(ctx, 1 << 20);
}

static void
test_jump(void)
{
	struct combine *C = combine_open(dir, NAME, MAX);
	struct combine *D = combine_open(dir, NAME, MAX);
	struct arena *A = arena_new(65536), *B = arena_new(65536);
	volatile bool jumped = false;
	uint8_t result;
	int number = 1;

	clear();
	if (setjmp(*arena_guard(A)) == 0)
		(void)combine_run(C, A, &number, sizeof(number),
		    clock_mono() + 1000, jumping_job, A, &result);
	else
		jumped = true;
	arena_unguard(A);
	arena_reset(A);
	ok(jumped, "a job that runs out of memory");
	ok(run(D, B, 5, 1000, quick_job) == COMBINE_DONE &&
	    board->turns == 1, "... keeps nobody from leading");
	ok(run(C, A, 6, 1000, quick_job) == COMBINE_DONE,
	    "... nor its own worker");
	combine_close(C);
	combine_close(D);
	arena_free(A);
	arena_free(B);
}

static void
test_full(void)
{
	struct combine *all[COMBINE_MAX + 1];
	struct arena *A = arena_new(65536);
	int i;

	clear();
	for (i = 0; i <= COMBINE_MAX; i++)
		if ((all[i] = combine_open(dir, NAME, MAX)) == NULL)
			abort();
	ok(run(all[COMBINE_MAX - 1], A, 1, 1000, quick_job) == COMBINE_DONE,
	    "as many workers as there are slots");
	ok(run(all[COMBINE_MAX], A, 1, 1000, quick_job) == COMBINE_ALONE,
	    "... and one more, who is alone");
	for (i = 0; i <= COMBINE_MAX; i++)
		combine_close(all[i]);
	combine_close(NULL);
	arena_free(A);
	ok(combine_open("/nonexistent", NAME, MAX) == NULL,
	    "a folder that isn't there is an error");
}

static void
remove_files(void)
{
	char path[512];
	struct dirent *entry;
	DIR *folder = opendir(dir);

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir,
		    entry->d_name);
		(void)unlink(path);
	}
	if (folder != NULL)
		(void)closedir(folder);
	(void)rmdir(dir);
}

int
main(void)
{

	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (mkdtemp(dir) == NULL || board == MAP_FAILED)
		return (1);
	test_alone();
	test_company();
	test_many();
	test_killed_often();
	test_dead_leader();
	test_stopped_leader();
	test_orphan();
	test_jump();
	test_full();
	remove_files();
	return (done());
}
