BenchmarkDotNet.Running.BenchmarkSwitcher.FromAssembly(typeof(BlasNet.Benchmarks.Training.MlpBenchmarks).Assembly).Run(args);
