"""Transcribes a folder with Spark: spark-submit spark_folder.py RECORDINGS OUTPUT, or python with pyspark installed.

The steps are those of `swiftlet.ray`: recordings are cut into pieces, pieces are transcribed on any machine, and joined again.
"""

import sys

from pyspark.sql import SparkSession

from swiftlet import frames

spark = SparkSession.builder.appName("swiftlet").getOrCreate()
# A row of Arrow holds a piece of several minutes.
spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", 4)

recordings = spark.read.format("binaryFile").load(sys.argv[1]).select("path", "content")


def split(tables):
    yield from frames.split(tables, piece_seconds=600)


def transcribe(tables):
    # The model is loaded once for each worker process.
    yield from frames.Transcriber("tiny.en", load={"threads": 1})(tables)


pieces = recordings.mapInPandas(split, frames.PIECE_SCHEMA).repartition(2 * spark.sparkContext.defaultParallelism)
results = pieces.mapInPandas(transcribe, frames.RESULT_SCHEMA)
transcripts = results.groupby("path").applyInPandas(frames.join, frames.TRANSCRIPT_SCHEMA)
transcripts.write.mode("overwrite").parquet(sys.argv[2])
for row in spark.read.parquet(sys.argv[2]).select("path", "text", "error").collect():
    print(row["path"], row["error"] or row["text"], sep="\t")
