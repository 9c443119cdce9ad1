-- CreateTable
CREATE TABLE "Run" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "spec" TEXT NOT NULL,
    "result" TEXT,
    "error" TEXT,
    "stopReason" TEXT,
    "createdAt" BIGINT NOT NULL,
    "startedAt" BIGINT,
    "endedAt" BIGINT,
    "step" INTEGER NOT NULL DEFAULT 0,
    "totalSteps" INTEGER,
    "seconds" REAL NOT NULL DEFAULT 0,
    "loss" REAL,
    "engine" TEXT,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "fruitless" INTEGER NOT NULL DEFAULT 0,
    "leaseOwner" TEXT,
    "leaseUntil" BIGINT,
    "notBefore" BIGINT NOT NULL DEFAULT 0,
    "snapshot" TEXT,
    "snapshotStep" INTEGER
);

-- CreateTable
CREATE TABLE "Attempt" (
    "runId" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "startedAt" BIGINT NOT NULL,
    "resumedFrom" INTEGER NOT NULL DEFAULT 0,
    "visibleUpTo" INTEGER NOT NULL DEFAULT 2147483647,

    PRIMARY KEY ("runId", "attempt"),
    CONSTRAINT "Attempt_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Checkpoint" (
    "runId" TEXT NOT NULL,
    "step" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL,
    "file" TEXT NOT NULL,
    "bytes" INTEGER NOT NULL,
    "sha256" TEXT NOT NULL,
    "createdAt" BIGINT NOT NULL,

    PRIMARY KEY ("runId", "step", "attempt"),
    CONSTRAINT "Checkpoint_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "MetricPoint" (
    "runId" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "step" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL,
    "seconds" REAL NOT NULL,
    "value" TEXT,
    "nonfinite" TEXT,

    PRIMARY KEY ("runId", "key", "step", "attempt"),
    CONSTRAINT "MetricPoint_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Event" (
    "runId" TEXT NOT NULL,
    "seq" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "data" TEXT NOT NULL,
    "createdAt" BIGINT NOT NULL,

    PRIMARY KEY ("runId", "seq"),
    CONSTRAINT "Event_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateIndex
CREATE INDEX "Run_status_id_idx" ON "Run"("status", "id");
