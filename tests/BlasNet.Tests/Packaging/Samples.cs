namespace BlasNet.Tests.Packaging;

/// <summary>The projects of src/Samples.</summary>
internal static class Samples
{
    public const string Solution = "Samples.slnx";

    private static readonly string Folder = Path.Combine(Repository.Root, "src", "Samples");

    /// <summary>A pattern of what each prints, but those that serve and do not end by themselves.</summary>
    public static IReadOnlyDictionary<string, string> Expected { get; } = new Dictionary<string, string>
    {
        ["EarlyExit"] = @"leaves when sure to 90 %: [2-5]\.\d layers a point, 9\d % right",
        ["GraphNetwork"] = @"error of the test: [0-2]\.\d\d paths",
        ["OwnOperator"] = @"(9\d|100) % of the points right",
        ["TextClassifier"] = "good: a warm and clever story\nbad: a dull plot and far too long",
        ["Dates"] = @"Oct 12, 2021 +2021-10-12",
        ["TreeSearch"] = @"generation 3: [\d,]+ looks ahead a second, loss [\d.]+, wins (7[5-9]|[89]\d) %",
        ["TimeSeries"] = @"epoch 15: mean squared error 0\.0[01]",
        ["TreeNetwork"] = @"epoch 6: .*[5-9]\d % of the lists of the test right",
    };

    public static string TextOf(string file) => File.ReadAllText(Path.Combine(Folder, file));

    /// <summary>Copies the sources to a folder in which nothing of this repository is above them.</summary>
    /// <returns>The folder.</returns>
    public static string CopyTo(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(Folder, file);
            if (relative == "nuget.config" || relative.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"))
                continue;

            string target = Path.Combine(folder, relative);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return folder;
    }

    /// <summary>The samples that end by themselves.</summary>
    public static IEnumerable<string> Projects(string folder) => Directory.EnumerateFiles(folder, "*.csproj", SearchOption.AllDirectories)
        .Where(file => !File.ReadAllText(file).Contains("Microsoft.NET.Sdk.Web", StringComparison.Ordinal))
        .Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)!;
}
