using System.CommandLine;
using BlasNet.Cli.Benchmarks;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Output;
using BlasNet.Cli.Scaling;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet plan</c> of one workload.</summary>
internal static class PlanWorkloadCommand
{
    private const int MostRanks = 1 << 16;

    private static readonly int[] UsualRanks = [1, 2, 4, 8, 16, 32, 64, 128, 256];

    /// <param name="context">Where results go.</param>
    /// <param name="about">The workload.</param>
    public static Command Create(CommandContext context, WorkloadKind about)
    {
        Option<Sizes> ranks = CliOptions.Integers("--ranks", "Numbers of ranks to compare.", UsualRanks, 1, MostRanks);
        var network = new NetworkOptions();
        Option<int> batch = CliOptions.Integer("--batch", "Examples of one optimizer step, of all ranks together.", byDefault: 256, 1, 1 << 16);
        Option<double?> noise = CliOptions.PositiveNumber(
            "--noise-scale",
            "The gradient's, in examples, as train --noise-scale shows it: finds the optimization batch that trains soonest with each number of ranks.");
        Option<string?> data = about.NewDataOption();
        Option<int?> limit = CliOptions.OptionalInteger("--limit", "Take steps from the first N examples. [default: four steps, 1024 at least]", 1, 1 << 20);
        Option<Named<GemmKernels>> gemm = CliOptions.Gemm();
        Option<int> threads = CliOptions.Threads(), seed = CliOptions.Seed();
        Option<bool> json = CliOptions.Json();
        var command = new Command(about.Name, about.Description);
        Option[] ofText = about.Data is null ? [] : [data];
        Option[] options = [ranks, .. network.All, batch, noise, .. ofText, limit, .. about.Own, gemm, threads, seed, json];
        foreach (Option option in options)
            command.Options.Add(option);

        command.SetAction(parsed =>
        {
            int examples = parsed.GetValue(batch);
            var how = new WorkloadOptions
            {
                Batch = examples,
                Limit = parsed.GetValue(limit) ?? Math.Max(1024, 4 * examples),
                Data = about.Data is null ? null : parsed.GetValue(data),
                Compute = CliOptions.ComputeOf(parsed.GetRequiredValue(gemm).Value, parsed.GetValue(threads)),
                Seed = parsed.GetValue(seed),
            };
            var question = new ScalingQuestion(
                about.Name, [.. parsed.GetRequiredValue(ranks).Values.Distinct().Order()], network.ChoiceOf(parsed), parsed.GetValue(noise),
                parsed.GetValue(threads));
            using Workload workload = about.Create(parsed, how);
            ScalingAnswer answer = StatusLine.Show(context, status => new ScalingStudy(workload, question, context.Ranks, context.Cancellation).Run(status));
            if (parsed.GetValue(json))
                PlanOutput.WriteJson(context, answer);
            else
                PlanOutput.Print(context, answer);
        });
        return command;
    }
}
