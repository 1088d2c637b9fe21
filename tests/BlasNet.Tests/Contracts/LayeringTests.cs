using System.Text.RegularExpressions;

namespace BlasNet.Tests.Contracts;

/// <summary>Dependencies between the folders of the library point one way.</summary>
public sealed partial class LayeringTests
{
    private const string Intrinsics = "Operators.Intrinsics";

    // The passes know Intrinsics, the operators that they themselves make, and no other.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Native"] = [],
        ["Memory"] = [],
        ["Kernels"] = ["Native", "Memory"],
        ["Graphs"] = ["Memory", "Kernels"],
        [Intrinsics] = ["Graphs", "Kernels", "Memory"],
        ["Operators"] = [Intrinsics, "Graphs", "Kernels", "Memory"],
        ["Batching"] = [Intrinsics, "Graphs", "Memory"],
        ["Differentiation"] = ["Batching", Intrinsics, "Graphs", "Memory"],
        ["Fusion"] = ["Differentiation", Intrinsics, "Graphs", "Kernels", "Memory"],
        ["Recurrences"] = ["Fusion", "Differentiation", "Batching", Intrinsics, "Graphs", "Kernels", "Memory"],
        ["Planning"] = [Intrinsics, "Graphs", "Memory"],
        ["Passes"] = ["Batching", "Differentiation", Intrinsics, "Graphs", "Memory"],
        ["Derivatives"] = ["Passes", "Differentiation", "Operators", "Graphs", "Memory"],
        ["Execution"] = ["Passes", "Planning", "Recurrences", "Fusion", "Differentiation", "Batching", Intrinsics, "Graphs", "Kernels", "Memory"],
        ["Rounds"] = ["Execution", "Differentiation", Intrinsics, "Graphs", "Memory"],
        ["Ranks"] = [],
        ["Layers"] = ["Operators", "Graphs"],
        ["Training"] =
        [
            "Native", "Memory", "Kernels", "Graphs", Intrinsics, "Operators", "Batching", "Differentiation", "Planning", "Passes", "Derivatives",
            "Execution", "Layers", "Ranks", "Rounds",
        ],
        ["Serving"] = ["Kernels", "Training"],
    };

    public static TheoryData<string> Folders => [.. Layers];

    private static IEnumerable<string> Layers => Directory.GetDirectories(Library)
        .Select(folder => Path.GetFileName(folder))
        .Where(name => name is not ("bin" or "obj" or "buildTransitive"))
        .Append(Intrinsics);

    private static string Library { get; } = Path.Combine(Repository.Root, "src", "BlasNet");

    [Theory, MemberData(nameof(Folders))]
    public void A_folder_uses_only_the_layers_below_it(string folder)
    {
        Assert.Contains(folder, Allowed.Keys);
        var wrong =
            from file in FilesOf(folder)
            from Match use in Layer().Matches(File.ReadAllText(file))
            where use.Groups["layer"].Value != folder && !Allowed[folder].Contains(use.Groups["layer"].Value)
            select $"{Path.GetRelativePath(Library, file)}: {use.Value.Trim()}";
        Assert.Empty(wrong);
    }

    private static IEnumerable<string> FilesOf(string layer) =>
        from file in Directory.GetFiles(Path.Combine(Library, layer.Replace('.', Path.DirectorySeparatorChar)), "*.cs", SearchOption.AllDirectories)
        where layer == Intrinsics || !file.Contains($"{Path.DirectorySeparatorChar}Intrinsics{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
        select file;

    [Theory, MemberData(nameof(Folders))]
    public void A_file_is_in_the_namespace_of_its_folder(string folder)
    {
        var wrong =
            from file in FilesOf(folder)
            let name = Namespace().Match(File.ReadAllText(file)).Groups["name"].Value
            let expected = "BlasNet." + Path.GetRelativePath(Library, Path.GetDirectoryName(file)!).Replace(Path.DirectorySeparatorChar, '.')
            where name != expected && name != "BlasNet"   // types that every user needs are in the root namespace
                && !OperatorsOfTypes().IsMatch(Path.GetFileName(file))
            select $"{Path.GetRelativePath(Library, file)}: {name}";
        Assert.Empty(wrong);
    }

    // `using BlasNet.Graphs.Functions;`, `using static BlasNet.Operators.Op;`, an alias, or a name with its namespace.
    [GeneratedRegex(
        @"(?<!namespace )\bBlasNet\.(?<layer>Operators\.Intrinsics|Native|Memory|Kernels|Graphs|Operators|Batching|Differentiation|Fusion|Recurrences|Planning|"
        + @"Passes|Derivatives|Execution|Layers|Ranks|Training|Serving)\b")]
    private static partial Regex Layer();

    // A type's own operators are declared in its namespace; what they do is an operator's affair.
    [GeneratedRegex(@"^(Expr|Parameter)\.\w+\.cs$")]
    private static partial Regex OperatorsOfTypes();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
