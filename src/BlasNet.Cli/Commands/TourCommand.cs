using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Output;
using BlasNet.Cli.Tour;
using BlasNet.Training;
using Spectre.Console;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet tour</c>: five questions about minibatches, answered by running them, as a page.</summary>
internal static class TourCommand
{
    private const string Page = "tour.html";

    private const string Description = """
        Answer five questions about minibatches by measuring on this machine, and write the answers as one page for a browser.

        Examples:
          blasnet tour                        writes tour.html; half a minute, or two on a slow machine
          blasnet tour --quick --json t.json  a few seconds, and all numbers in a file of their own
        """;

    public static Command Create(CommandContext context)
    {
        Option<string?> output = CliOptions.FileName("--out", "The page; tour.html unless told otherwise.");
        Option<string?> json = CliOptions.FileName("--json", "Write all numbers of the page to this file too.");
        Option<string?> pictures = CliOptions.FileName("--pictures", "Write every picture of the page into this folder too, as an SVG file of its own.");
        Option<bool> quick = new("--quick") { Description = "Measure fewer sizes, and each for a shorter time." };
        var tour = new Command("tour", Description) { output, quick, json, pictures };
        tour.Validators.Add(result =>
        {
            if (result.GivenValue(json) is { } numbers && Path.GetFullPath(numbers) == Path.GetFullPath(result.GivenValue(output) ?? Page))
                result.AddError($"--json {numbers}: is the name of the page; another is needed.");
        });
        tour.SetAction(options => Run(context, options.GetValue(output) ?? Page, options.GetValue(json), options.GetValue(pictures), new TourOptions(options.GetValue(quick))));
        return tour;
    }

    private static void Run(CommandContext context, string path, string? json, string? folder, TourOptions options)
    {
        if (folder is not null)
            MakeFolder(folder);

        using AtomicFile page = OutputFile.Open(path);   // a name that cannot be written is an error now, not in three minutes
        using AtomicFile? numbers = json is null ? null : OutputFile.Open(json);
        var (html, result, pictures) = context.Status.Profile.Out.IsTerminal
            ? context.Status.Progress().AutoClear(true).Start(progress =>
            {
                ProgressTask task = progress.AddTask("starting", maxValue: 1);
                return TourPage.Run(options, (fraction, what) => (task.Value, task.Description) = (fraction, what), context.Cancellation);
            })
            : TourPage.Run(options, new Lines(context.Error).Report, context.Cancellation);
        OutputFile.Write(page, html);
        if (numbers is not null)
            OutputFile.Write(numbers, JsonSerializer.Serialize(result, TourJson.Default.TourResult) + "\n");

        if (folder is not null)
            WriteAll(folder, pictures);

        context.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFullPath(path)} written after {result.Seconds:0} s. Open it in a browser; it needs no network."));
    }

    private static void MakeFolder(string folder)
    {
        if (File.Exists(folder))
            throw new CommandException($"--pictures {folder}: is a file; a directory is expected.");

        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"--pictures {folder}: {e.Message}");
        }
    }

    private static void WriteAll(string folder, IReadOnlyList<(string Name, string Svg)> pictures)
    {
        foreach (var (name, svg) in pictures)
        {
            using AtomicFile file = OutputFile.Open(Path.Combine(folder, $"{name}.svg"));
            OutputFile.Write(file, svg);
        }
    }

    /// <summary>Where there is no terminal: a line whenever something else begins.</summary>
    private sealed class Lines(TextWriter error)
    {
        private string _last = "";

        public void Report(double fraction, string what)
        {
            if (what == _last)
                return;

            _last = what;
            error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{100 * fraction,3:0} % {what}"));
        }
    }
}
